/**
 * One mark per block in flight (rule A1): an acknowledgement of n says nothing of any other block. A ring as large as the
 * window asks, so that a transfer allocates nothing while it runs.
 *
 * All of it is one plain array of doubles: thousands of transfers wait at once, and four typed arrays would be the larger
 * half of what each of them holds.
 */

const SENT = 1
const ACKED = 2

/** What a slot holds, in this order: marks, repeats, when it left first, when it left again. */
const STRIDE = 4
const REPEATS = 1
const SENT_AT = 2
const REPEATED_AT = 3

const LEAST_SPAN = 4

export class Scoreboard {
  #mask = 0
  #slots: number[] = []

  /** Holds any `span` neighbouring blocks. */
  constructor(span: number) {
    this.#allocate(span)
  }

  /** Makes room for any `span` neighbouring blocks; the marks of `first` .. `last` are kept. A window that grows calls this, rarely. */
  reserve(span: number, first: number, last: number): void {
    if (span <= this.span) return
    const mask = this.#mask
    const slots = this.#slots
    this.#allocate(span)
    for (let seq = first; seq <= last; seq++) {
      const from = (seq & mask) * STRIDE
      const to = this.#at(seq)
      for (let i = 0; i < STRIDE; i++) this.#slots[to + i] = slots[from + i] as number
    }
  }

  /** Blocks that fit at once. */
  get span(): number {
    return this.#mask + 1
  }

  #allocate(span: number): void {
    let size = LEAST_SPAN
    while (size < span) size *= 2
    this.#mask = size - 1
    // Unlike 0, -0 makes an array of doubles at once; Array.from would make one of objects.
    // oxlint-disable-next-line unicorn/no-new-array
    this.#slots = new Array<number>(size * STRIDE).fill(-0)
  }

  #at(seq: number): number {
    return (seq & this.#mask) * STRIDE
  }

  /** Block `seq` left; the first time clears what its slot held before. */
  sent(now: number, seq: number): void {
    const slots = this.#slots
    const at = this.#at(seq)
    if (((slots[at] as number) & SENT) === 0) {
      slots[at] = (slots[at] as number) | SENT
      slots[at + REPEATS] = 0
      slots[at + SENT_AT] = now
      slots[at + REPEATED_AT] = -Infinity
      return
    }
    slots[at + REPEATS] = (slots[at + REPEATS] as number) + 1
    slots[at + REPEATED_AT] = now
  }

  acked(seq: number): void {
    const at = this.#at(seq)
    this.#slots[at] = (this.#slots[at] as number) | ACKED
  }

  isSent(seq: number): boolean {
    return ((this.#slots[this.#at(seq)] as number) & SENT) !== 0
  }

  isAcked(seq: number): boolean {
    return ((this.#slots[this.#at(seq)] as number) & ACKED) !== 0
  }

  /** How often the block was sent again. */
  repeats(seq: number): number {
    return this.#slots[this.#at(seq) + REPEATS] as number
  }

  /** When it left for the first time. */
  sentAt(seq: number): number {
    return this.#slots[this.#at(seq) + SENT_AT] as number
  }

  /** When it left again last; -Infinity if it never did. */
  repeatedAt(seq: number): number {
    return this.#slots[this.#at(seq) + REPEATED_AT] as number
  }

  /** The block is below the window now (or was never meant): its slot is free. */
  clear(seq: number): void {
    this.#slots[this.#at(seq)] = 0
  }
}
