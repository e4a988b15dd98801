/** Joins small writes into larger ones. The buffers of all uploads together have a bound. */

/** Large enough that the cost of the system call no longer counts. */
const BUFFER_BYTES = 65536
/** Size of a buffer once BUDGET_BYTES are in use. */
const CROWDED_BYTES = 8192
/** Bound on all buffers of BUFFER_BYTES together. */
const BUDGET_BYTES = 16 * 1024 * 1024

let usedBytes = 0

export class WriteBuffer {
  /** Bytes in the buffer that are not written yet. */
  filled = 0
  #buffer: Buffer | undefined

  /** The buffer, with room for `bytes` more (few) from `filled`; calls `flush` (which empties it) when there is none. */
  room(bytes: number, flush: () => void): Buffer {
    if (this.#buffer === undefined) this.#buffer = this.#allocate()
    else if (this.filled + bytes > this.#buffer.length) flush()
    return this.#buffer
  }

  content(): Buffer {
    return this.#buffer === undefined ? EMPTY : this.#buffer.subarray(0, this.filled)
  }

  /** Gives the memory back. */
  free(): void {
    if (this.#buffer?.length === BUFFER_BYTES) usedBytes -= BUFFER_BYTES
    this.#buffer = undefined
    this.filled = 0
  }

  #allocate(): Buffer {
    if (usedBytes + BUFFER_BYTES > BUDGET_BYTES) return Buffer.allocUnsafeSlow(CROWDED_BYTES)
    usedBytes += BUFFER_BYTES
    return Buffer.allocUnsafeSlow(BUFFER_BYTES)
  }
}

const EMPTY = Buffer.alloc(0)
