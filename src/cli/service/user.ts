/** Gives up root: a server needs it only to bind its port. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, lchownSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeFolder } from '../../make-folder.ts'
import { PACKAGE_ROOT } from '../../own-files.ts'
import { usageError } from '../exit.ts'

export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Of `USER`, `USER.GROUP` or `USER:GROUP`. Throws ERR_TFTP_USAGE where there is no such user, or this process may not become it. */
export function findUser(text: string): User {
  const [name = '', group] = text.split(/[.:]/)
  const uid = idOf('-u', name)
  const gid = group === undefined ? idOf('-g', name) : groupId(group)
  if (uid === undefined || gid === undefined) {
    throw usageError(
      `--user ${text}: this system has no such user or group; make one with \`useradd --system ${name}\``,
    )
  }
  const own = process.getuid?.()
  if (own !== 0 && own !== uid) {
    throw usageError(`--user ${text}: only root can become another user; start it as root, or leave --user out`)
  }
  return { name, uid, gid }
}

/**
 * This process and all its threads are `user` from now on, for good. What lies in `folder` goes to that user first. Throws ERR_TFTP_USAGE where that user
 * cannot read the program.
 */
export function becomeUser({ name, uid, gid }: User, folder: string | undefined): void {
  if (process.getuid?.() !== 0) return
  if (folder !== undefined) handOver(folder, uid, gid)
  // The types of Node leave initgroups(3) out.
  const { initgroups } = process as { readonly initgroups?: (user: string, group: number) => void }
  initgroups?.(name, gid)
  process.setgid?.(gid)
  process.setuid?.(uid)
  checkReadable(name, fileURLToPath(PACKAGE_ROOT))
}

/** Threads and the page read files of the program later on. */
export function checkReadable(user: string, folder: string): void {
  try {
    accessSync(join(folder, 'package.json'), constants.R_OK)
  } catch {
    throw usageError(
      `--user ${user}: that user cannot read Foresend itself in ${folder}; install it where all users may read it, or name another --user`,
    )
  }
}

/** A link in the folder changes hands itself, and never the file that it leads to: the user of an earlier start may have put it there. */
export function handOver(folder: string, uid: number, gid: number): void {
  makeFolder(folder)
  for (const path of [folder, ...readdirSync(folder).map((entry) => join(folder, entry))]) lchownSync(path, uid, gid)
}

/** Node cannot look users up, and `id` knows those of a directory service too. */
function idOf(flag: string, name: string): number | undefined {
  if (!/^[a-z_][\w-]*\$?$/i.test(name)) return undefined
  return numberOf('id', [flag, name])
}

function groupId(name: string): number | undefined {
  if (!/^[a-z_][\w-]*\$?$/i.test(name)) return undefined
  return numberOf('sh', ['-c', 'getent group "$1" | cut -d: -f3', 'sh', name])
}

function numberOf(program: string, args: readonly string[]): number | undefined {
  try {
    const text = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return /^\d+$/.test(text) ? Number(text) : undefined
  } catch {
    return undefined
  }
}
