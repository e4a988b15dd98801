/**
 * Memory in which datagrams are built. Node's `send` hands a datagram to the kernel before it returns, so one piece of
 * memory serves all sockets; only when the kernel's buffer is full does Node keep the memory in a queue. It must not be
 * touched then, or what leaves later is another block under the old number.
 */

/** Sizes in use are few (one per blksize, and the final blocks), so views are kept; beyond this they are made anew. */
const MAX_VIEWS = 64
const SMALLEST_BYTES = 2048
/** More than a UDP datagram can carry is never asked for. */
const LARGEST_BYTES = 65_536

export class SendMemory {
  #memory = new ArrayBuffer(SMALLEST_BYTES)
  readonly #views = new Map<number, Uint8Array<ArrayBuffer>>()
  #last = new Uint8Array(this.#memory, 0, 4)
  /** How often the memory had to be left to a queue. */
  renewals = 0

  /** A view of exactly `length` bytes at the start of the shared memory: all views overlap. */
  view(length: number): Uint8Array<ArrayBuffer> {
    return this.#last.length === length ? this.#last : (this.#last = this.#find(length))
  }

  /** `data` was queued: if it lies in the shared memory, leave that to the queue and go on with fresh memory. */
  release(data: Uint8Array): void {
    if (data.buffer !== this.#memory) return
    this.renewals++
    this.#replace(this.#memory.byteLength)
  }

  #find(length: number): Uint8Array<ArrayBuffer> {
    if (length > this.#memory.byteLength) this.#replace(roundUp(length))
    let view = this.#views.get(length)
    if (view !== undefined) return view
    view = new Uint8Array(this.#memory, 0, length)
    if (this.#views.size < MAX_VIEWS) this.#views.set(length, view)
    return view
  }

  #replace(bytes: number): void {
    this.#memory = new ArrayBuffer(bytes)
    this.#views.clear()
    this.#last = new Uint8Array(this.#memory, 0, 4)
  }
}

function roundUp(length: number): number {
  let bytes = SMALLEST_BYTES
  while (bytes < length) bytes *= 2
  return Math.min(bytes, Math.max(LARGEST_BYTES, length))
}
