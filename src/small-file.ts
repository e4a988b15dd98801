/** Reads settings, rules and other files that people write. */
import { closeSync, openSync, readSync } from 'node:fs'

/** A file that is written by hand is smaller: one of this size was named by mistake. */
export const MAX_SMALL_FILE_BYTES = 16 * 1024 * 1024
const PIECE_BYTES = 64 * 1024

/**
 * All bytes of the file, `maxBytes` at most. Throws EFBIG for more, and what the system says. Its size tells nothing: a pipe and a device
 * have none, and a device may have no end.
 */
export function readSmallFile(path: string, maxBytes = MAX_SMALL_FILE_BYTES): Buffer {
  const fd = openSync(path, 'r')
  try {
    const pieces: Buffer[] = []
    for (let length = 0; ; ) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES)
      const read = readSync(fd, piece)
      if (read === 0) return Buffer.concat(pieces)
      length += read
      if (length > maxBytes) throw tooLarge(path, maxBytes)
      pieces.push(piece.subarray(0, read))
    }
  } finally {
    closeSync(fd)
  }
}

function tooLarge(path: string, maxBytes: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`EFBIG: more than ${maxBytes} bytes, read '${path}'`), { code: 'EFBIG' })
}
