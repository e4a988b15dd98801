/** The file that holds the number of a server's process. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { messageOf, usageError } from '../exit.ts'

/** Writes it, and returns what removes it again. Throws ERR_TFTP_USAGE where it cannot be written. */
export function writePidFile(path: string, pid: number = process.pid): () => void {
  const text = `${pid}\n`
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw usageError(`cannot write --pidfile ${path}: ${messageOf(error)}; name a file in a folder that is there`)
  }
  return () => {
    try {
      // Another server may have written its own meanwhile.
      if (readFileSync(path, 'utf8') === text) rmSync(path)
    } catch {
      // It is gone, or this process may not remove it: its user has changed since.
    }
  }
}
