/** A file that takes what a server shows, line by line. */
import { createWriteStream, openSync } from 'node:fs'
import { messageOf, usageError } from '../exit.ts'
import { outputTo, type StreamOutput } from '../render/output.ts'

/** Appends to `path`. Throws ERR_TFTP_USAGE where it cannot be opened. */
export function openLogFile(path: string): StreamOutput {
  let fd: number
  try {
    fd = openSync(path, 'a')
  } catch (error) {
    throw usageError(`cannot write --log-file ${path}: ${messageOf(error)}; name a file in a folder that is there`)
  }
  return outputTo(createWriteStream(path, { fd }))
}
