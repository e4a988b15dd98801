/** Small writes gathered into larger ones, with bounded memory however many uploads run. */

/** Large enough that the system call no longer counts. */
const GATHER_BYTES = 65536
/** When many uploads run at once each gets this much. */
const CROWDED_BYTES = 8192
/** All buffers of the larger kind together. */
const BUDGET_BYTES = 16 * 1024 * 1024

let usedBytes = 0

export class GatherBuffer {
  /** Bytes gathered so far. */
  filled = 0
  private buffer: Buffer | undefined

  /** The buffer, with room for `bytes` more (few) from `filled`; calls `flush` (which empties it) when there is none. */
  room(bytes: number, flush: () => void): Buffer {
    if (this.buffer === undefined) this.buffer = this.allocate()
    else if (this.filled + bytes > this.buffer.length) flush()
    return this.buffer
  }

  content(): Buffer {
    return this.buffer === undefined ? EMPTY : this.buffer.subarray(0, this.filled)
  }

  /** Gives the memory back. */
  free(): void {
    if (this.buffer?.length === GATHER_BYTES) usedBytes -= GATHER_BYTES
    this.buffer = undefined
    this.filled = 0
  }

  private allocate(): Buffer {
    if (usedBytes + GATHER_BYTES > BUDGET_BYTES) return Buffer.allocUnsafeSlow(CROWDED_BYTES)
    usedBytes += GATHER_BYTES
    return Buffer.allocUnsafeSlow(GATHER_BYTES)
  }
}

const EMPTY = Buffer.alloc(0)
