/** Writes a file that a command was asked for: it is there whole, or the command says why not. */
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs'
import type { ForesendError } from '../error.ts'
import { messageOf, usageError } from './exit.ts'

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room, or name a file on another one',
  EDQUOT: 'your share of the disk is used up: make room, or name a file on another one',
  ENOENT: 'make its folder first, or name a file in one that is there',
  ENOTDIR: 'name a file in a folder that is there',
  EISDIR: 'it is a folder: name a file',
  EACCES: 'choose a folder that you may write to',
  EPERM: 'choose a folder that you may write to',
  EROFS: 'choose a folder that can be written to',
}

/** Throws ERR_TFTP_USAGE. A file that was not there before is not there after a failure either. `what` is it for the message. */
export function writeWhole(path: string, text: string, what = path): void {
  write(path, text, existsSync(path) ? 'w' : 'wx', what)
}

/** The same for a file that must not be there. */
export function writeNew(path: string, text: string): void {
  if (existsSync(path)) throw usageError(`${path} is there already: name another file, or remove it first`)
  write(path, text, 'wx', path)
}

function write(path: string, text: string, flag: 'w' | 'wx', what: string): void {
  let isMade = false
  try {
    const fd = openSync(path, flag)
    isMade = flag === 'wx'
    try {
      writeFileSync(fd, text)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (isMade) rmSync(path, { force: true })
    throw cannotWrite(what, error)
  }
}

/** What the system says, and what to do. */
export function cannotWrite(what: string, error: unknown): ForesendError {
  const remedy = REMEDIES[(error as NodeJS.ErrnoException).code ?? ''] ?? 'name another file'
  return usageError(`cannot write ${what}: ${messageOf(error)}; ${remedy}`)
}
