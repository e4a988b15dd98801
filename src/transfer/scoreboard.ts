/**
 * One mark per block in flight (rule A1): an acknowledgement of n says nothing of any other block. A ring of typed
 * arrays, as large as the window asks, so that a transfer allocates nothing while it runs.
 */

const SENT = 1
const ACKED = 2

export class Scoreboard {
  #mask = 0
  #marks = new Uint8Array(0)
  #repeats = new Uint8Array(0)
  #sentAt = new Float64Array(0)
  #repeatedAt = new Float64Array(0)

  /** Holds any `span` neighbouring blocks. */
  constructor(span: number) {
    this.#allocate(span)
  }

  /** Makes room for any `span` neighbouring blocks; the marks of `first` .. `last` are kept. A window that grows calls this, rarely. */
  reserve(span: number, first: number, last: number): void {
    if (span <= this.span) return
    const mask = this.#mask
    const marks = this.#marks
    const repeats = this.#repeats
    const sentAt = this.#sentAt
    const repeatedAt = this.#repeatedAt
    this.#allocate(span)
    for (let seq = first; seq <= last; seq++) {
      const from = seq & mask
      const to = seq & this.#mask
      this.#marks[to] = marks[from]
      this.#repeats[to] = repeats[from]
      this.#sentAt[to] = sentAt[from]
      this.#repeatedAt[to] = repeatedAt[from]
    }
  }

  /** Blocks that fit at once. */
  get span(): number {
    return this.#mask + 1
  }

  #allocate(span: number): void {
    let size = 8
    while (size < span) size *= 2
    this.#mask = size - 1
    this.#marks = new Uint8Array(size)
    this.#repeats = new Uint8Array(size)
    this.#sentAt = new Float64Array(size)
    this.#repeatedAt = new Float64Array(size)
  }

  /** Block `seq` left; the first time clears what its slot held before. */
  sent(now: number, seq: number): void {
    const slot = seq & this.#mask
    if ((this.#marks[slot] & SENT) === 0) {
      this.#marks[slot] |= SENT
      this.#repeats[slot] = 0
      this.#sentAt[slot] = now
      this.#repeatedAt[slot] = Number.NEGATIVE_INFINITY
      return
    }
    if (this.#repeats[slot] < 255) this.#repeats[slot]++
    this.#repeatedAt[slot] = now
  }

  acked(seq: number): void {
    this.#marks[seq & this.#mask] |= ACKED
  }

  isSent(seq: number): boolean {
    return (this.#marks[seq & this.#mask] & SENT) !== 0
  }

  isAcked(seq: number): boolean {
    return (this.#marks[seq & this.#mask] & ACKED) !== 0
  }

  /** How often the block was sent again, counted up to 255. */
  repeats(seq: number): number {
    return this.#repeats[seq & this.#mask]
  }

  /** When it left for the first time. */
  sentAt(seq: number): number {
    return this.#sentAt[seq & this.#mask]
  }

  /** When it left again last; -Infinity if it never did. */
  repeatedAt(seq: number): number {
    return this.#repeatedAt[seq & this.#mask]
  }

  /** The block is below the window now (or was never meant): its slot is free. */
  clear(seq: number): void {
    this.#marks[seq & this.#mask] = 0
  }
}
