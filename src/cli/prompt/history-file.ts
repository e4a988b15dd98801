/** Lines that were typed, from one session to the next. */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../../make-folder.ts'

const MAX_LINES = 500

/** The newest line first, as readline wants it. A file that cannot be read is an empty history. */
export function readHistory(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean).toReversed().slice(0, MAX_LINES)
  } catch {
    return []
  }
}

/** Readable by its owner alone, as names of files and hosts stand in it. A folder that cannot be written is no error. */
export function writeHistory(path: string, newestFirst: readonly string[]): void {
  const lines = newestFirst.slice(0, MAX_LINES).toReversed()
  try {
    makeFolder(dirname(path), 0o700)
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 })
  } catch {
    // The lines of this session are lost for the next one; no transfer depends on them.
  }
}
