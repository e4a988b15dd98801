/**
 * Reads whole files in the background, one after the other through one shared buffer: a thousand clients that finish at once
 * must not cost a gigabyte of buffers. Each piece is one turn of the event loop, so transfers continue between pieces.
 */
import { read } from 'node:fs'

export const PIECE_BYTES = 1024 * 1024

export class BackgroundReader {
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #buffer: Buffer | undefined

  /** Calls `piece` with each part of the first `sizeBytes` bytes of `fd`, in order. Rejects with what the system or `piece` throws. */
  scan(fd: number, sizeBytes: number, piece: (bytes: Buffer) => void): Promise<void> {
    this.#waiting++
    const done = this.#tail.then(() => this.#run(fd, sizeBytes, piece))
    this.#tail = done.catch(() => undefined)
    return done
  }

  async #run(fd: number, sizeBytes: number, piece: (bytes: Buffer) => void): Promise<void> {
    try {
      this.#buffer ??= Buffer.allocUnsafeSlow(PIECE_BYTES)
      for (let position = 0; position < sizeBytes; ) {
        const length = await readPiece(fd, this.#buffer, Math.min(PIECE_BYTES, sizeBytes - position), position)
        piece(this.#buffer.subarray(0, length))
        position += length
      }
    } finally {
      this.#waiting--
      if (this.#waiting === 0) this.#buffer = undefined
    }
  }
}

/** Reads exactly `length` bytes, in as many reads as it takes. */
async function readPiece(fd: number, buffer: Buffer, length: number, position: number): Promise<number> {
  let done = 0
  while (done < length) {
    const bytes = await readOnce(fd, buffer, done, length - done, position + done)
    if (bytes === 0) throw new RangeError('the file became shorter while it was read')
    done += bytes
  }
  return done
}

function readOnce(fd: number, buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, offset, length, position, (error, bytes) => (error === null ? resolve(bytes) : reject(error)))
  })
}
