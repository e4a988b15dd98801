/**
 * What machines want done, in the order in which they said it. A machine writes here during its input, and the endpoint carries it
 * out when the input is over: no machine is at work while the owner is called, so the owner may call the endpoint back.
 *
 * Memory is used again: an input allocates nothing here once the queue has found its size.
 */
import type { NoticeKind, Outcome } from '../transfer/contract.ts'

/** What a record asks for. `settle`: an input that the owner made while records were carried out is over. */
export const OUTPUT = { none: 0, blocks: 1, control: 2, store: 3, finish: 4, ended: 5, notice: 6, settle: 7 } as const

/** An OACK or an ERROR; larger ones get memory of their own. */
const CONTROL_BYTES = 600

/** `T`: what records are about. */
export class Outputs<T extends object> {
  /** The record that is carried out. Its fields stay as they are until the next `take`. */
  kind = 0
  transfer: T | undefined
  /** First block; seq of a stored block; size of a finished file; offset and length follow in `b` and `c`. */
  a = 0
  b = 0
  c = 0
  buffer: Uint8Array | undefined
  outcome: Outcome | undefined
  notice: NoticeKind | undefined
  readonly #kinds: number[] = []
  readonly #transfers: (T | undefined)[] = []
  readonly #a: number[] = []
  readonly #b: number[] = []
  readonly #c: number[] = []
  readonly #buffers: (Uint8Array | undefined)[] = []
  readonly #outcomes: (Outcome | undefined)[] = []
  readonly #notices: (NoticeKind | undefined)[] = []
  /** Copies of control packets, one for each record that ever held one. */
  readonly #copies: Uint8Array[] = []
  #head = 0
  #length = 0

  blocks(transfer: T, first: number, count: number): void {
    const i = this.#next(OUTPUT.blocks, transfer)
    this.#a[i] = first
    this.#b[i] = count
  }

  /** The machine may use `buffer` again at once: it is copied. */
  control(transfer: T, buffer: Uint8Array, length: number): void {
    const i = this.#next(OUTPUT.control, transfer)
    let copy = this.#copies[i]
    if (copy === undefined || copy.length < length) {
      this.#copies[i] = copy = new Uint8Array(Math.max(length, CONTROL_BYTES))
    }
    for (let at = 0; at < length; at++) copy[at] = buffer[at]
    this.#buffers[i] = copy
    this.#b[i] = length
  }

  /** `buffer` is the datagram that is handled; it stays valid until the input is carried out. */
  store(transfer: T, seq: number, buffer: Uint8Array, offset: number, length: number): void {
    const i = this.#next(OUTPUT.store, transfer)
    this.#a[i] = seq
    this.#b[i] = offset
    this.#c[i] = length
    this.#buffers[i] = buffer
  }

  finish(transfer: T, sizeBytes: number): void {
    this.#a[this.#next(OUTPUT.finish, transfer)] = sizeBytes
  }

  ended(transfer: T, outcome: Outcome): void {
    this.#outcomes[this.#next(OUTPUT.ended, transfer)] = outcome
  }

  noticed(transfer: T, kind: NoticeKind): void {
    this.#notices[this.#next(OUTPUT.notice, transfer)] = kind
  }

  settle(transfer: T): void {
    this.#next(OUTPUT.settle, transfer)
  }

  /**
   * What `transfer` still wanted is not done: it failed, or its owner gave it up. True when its machine had decided already: it will not
   * do so again.
   */
  dropFor(transfer: T): boolean {
    let decided = false
    for (let i = this.#head; i < this.#length; i++) {
      if (this.#transfers[i] !== transfer) continue
      if (this.#kinds[i] === OUTPUT.ended) decided = true
      this.#kinds[i] = OUTPUT.none
    }
    return decided
  }

  /** Whether a record of `transfer` waits. */
  hasMore(transfer: T): boolean {
    for (let i = this.#head; i < this.#length; i++) {
      if (this.#transfers[i] === transfer && this.#kinds[i] !== OUTPUT.none) return true
    }
    return false
  }

  /** Reads the next record into the fields of this object. False when there is none. */
  take(): boolean {
    if (this.#head === this.#length) {
      this.#head = 0
      this.#length = 0
      return false
    }
    const i = this.#head++
    this.kind = this.#kinds[i]
    this.transfer = this.#transfers[i]
    this.a = this.#a[i]
    this.b = this.#b[i]
    this.c = this.#c[i]
    this.buffer = this.#buffers[i]
    this.outcome = this.#outcomes[i]
    this.notice = this.#notices[i]
    // Nothing here keeps a transfer or a datagram alive.
    this.#transfers[i] = undefined
    this.#buffers[i] = undefined
    this.#outcomes[i] = undefined
    return true
  }

  #next(kind: number, transfer: T): number {
    const i = this.#length++
    this.#kinds[i] = kind
    this.#transfers[i] = transfer
    return i
  }
}
