/**
 * What machines want done, in the order in which they said it. A machine writes here during its input, and the endpoint carries it
 * out when the input is over: no machine is at work while the owner is called, so the owner may call the endpoint back.
 *
 * Records are used again: an input allocates nothing here once the queue has found its size.
 */
import type { NoticeKind, Outcome } from '../transfer/contract.ts'

/** What a record asks for. `settle`: an input that the owner made while records were carried out is over. */
export const OUTPUT = { none: 0, blocks: 1, control: 2, store: 3, finish: 4, ended: 5, notice: 6, settle: 7 } as const

/** An OACK or an ERROR; larger ones get memory of their own. */
const CONTROL_BYTES = 600

/** One thing to do for `transfer`. Which of the fields mean something, `kind` says. */
export class Output<T> {
  kind = 0
  transfer: T | undefined
  /** First block; seq of a stored block; size of a finished file. */
  a = 0
  /** Count of blocks; length of a control packet; offset of a stored payload. */
  b = 0
  /** Length of a stored payload. */
  c = 0
  buffer: Uint8Array | undefined
  outcome: Outcome | undefined
  notice: NoticeKind | undefined
  /** A copy of a control packet, made when this record holds one for the first time. */
  copy: Uint8Array | undefined
}

/** `T`: what records are about. */
export class Outputs<T extends object> {
  readonly #records: Output<T>[] = [new Output<T>()]
  #head = 0
  #length = 0

  blocks(transfer: T, first: number, count: number): void {
    const record = this.#next(OUTPUT.blocks, transfer)
    record.a = first
    record.b = count
  }

  /** The machine may use `buffer` again at once: it is copied. */
  control(transfer: T, buffer: Uint8Array, length: number): void {
    const record = this.#next(OUTPUT.control, transfer)
    let { copy } = record
    if (copy === undefined || copy.length < length) {
      record.copy = copy = new Uint8Array(Math.max(length, CONTROL_BYTES))
    }
    for (let at = 0; at < length; at++) copy[at] = buffer[at]
    record.buffer = copy
    record.b = length
  }

  /** `buffer` is the datagram that is handled; it stays valid until the input is carried out. */
  store(transfer: T, seq: number, buffer: Uint8Array, offset: number, length: number): void {
    const record = this.#next(OUTPUT.store, transfer)
    record.a = seq
    record.b = offset
    record.c = length
    record.buffer = buffer
  }

  finish(transfer: T, sizeBytes: number): void {
    this.#next(OUTPUT.finish, transfer).a = sizeBytes
  }

  ended(transfer: T, outcome: Outcome): void {
    this.#next(OUTPUT.ended, transfer).outcome = outcome
  }

  noticed(transfer: T, kind: NoticeKind): void {
    this.#next(OUTPUT.notice, transfer).notice = kind
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
      const record = this.#records[i]
      if (record.transfer !== transfer) continue
      if (record.kind === OUTPUT.ended) decided = true
      record.kind = OUTPUT.none
    }
    return decided
  }

  /** Whether a record of `transfer` waits. */
  hasMore(transfer: T): boolean {
    for (let i = this.#head; i < this.#length; i++) {
      const record = this.#records[i]
      if (record.transfer === transfer && record.kind !== OUTPUT.none) return true
    }
    return false
  }

  /** The next record; undefined when there is none. It stays as it is until `done`, whatever is written meanwhile. */
  take(): Output<T> | undefined {
    return this.#head === this.#length ? undefined : this.#records[this.#head++]
  }

  /** `record` is carried out. Nothing here keeps a transfer or a datagram alive. */
  done(record: Output<T>): void {
    record.transfer = undefined
    record.buffer = undefined
    record.outcome = undefined
    if (this.#head < this.#length) return
    this.#head = 0
    this.#length = 0
  }

  #next(kind: number, transfer: T): Output<T> {
    const i = this.#length++
    if (i === this.#records.length) this.#records.push(new Output<T>())
    const record = this.#records[i]
    record.kind = kind
    record.transfer = transfer
    return record
  }
}
