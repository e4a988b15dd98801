/** What waits to be written. It has bounds, and whatever finds no room is counted: the side that serves never waits. */
import { type DeviceUpdate, MEMORY_DEVICES, mergeUpdates } from '../profile/memory.ts'
import { rowOf } from './batch.ts'
import type { EndedTransfer } from './contract.ts'

/** Some seconds of a rush of small files; each takes some hundred bytes. */
export const MAX_TRANSFERS = 4096
/** Long ones, which take 43 kB each as a text; of short ones it is many more. */
const MAX_TRACES = 64
const LONG_TRACE_CHARS = 43_692
/** Of everything that waits: a trace that finds no room is left out, and its transfer stays. */
export const MAX_CHARS = MAX_TRANSFERS * 1000 + MAX_TRACES * LONG_TRACE_CHARS
/** Transfers in one message: it is made in a fraction of a millisecond, and whatever serves in the same thread waits that long. */
export const MAX_BATCH = 256
/** The same for traces: two long ones. */
const MAX_BATCH_CHARS = 2 * LONG_TRACE_CHARS

/** A batch on its way: the text of a `Batch`, which crosses to a thread several times cheaper than objects. */
export interface Piece {
  readonly text: string
  readonly transfers: number
}

export class Queue {
  /** Transfers and traces that found no room, since `takeLost`. */
  #lost = { transfers: 0, traces: 0 }
  /** A text of each transfer, made at once: what survives its moment is one string and not the objects of an event. */
  readonly #rows: { readonly text: string; readonly count: number }[] = []
  #transfers = 0
  #chars = 0
  /** One update for each device: those that come later are joined to it. */
  readonly #learnt = new Map<string, DeviceUpdate>()
  #seq = 0

  get transfers(): number {
    return this.#transfers
  }

  get isEmpty(): boolean {
    return this.#transfers === 0 && this.#learnt.size === 0
  }

  /** A batch cannot grow any more by waiting. */
  get hasFullBatch(): boolean {
    return this.#transfers >= MAX_BATCH || this.#chars >= MAX_BATCH_CHARS
  }

  add(transfer: EndedTransfer): void {
    const seq = ++this.#seq
    if (this.#transfers >= MAX_TRANSFERS) {
      this.#lost.transfers++
      return
    }
    let { trace } = transfer
    if (trace !== undefined && this.#chars + trace.length > MAX_CHARS) {
      this.#lost.traces++
      trace = undefined
    }
    this.#push(JSON.stringify(rowOf(seq, transfer, trace)), 1)
  }

  /** `count` rows as a text, which is not taken apart. */
  addRows(text: string, count: number): void {
    if (this.#transfers >= MAX_TRANSFERS) this.#lost.transfers += count
    else this.#push(text, count)
  }

  #push(text: string, count: number): void {
    this.#rows.push({ text, count })
    this.#transfers += count
    this.#chars += text.length
  }

  learn(update: DeviceUpdate): void {
    const known = this.#learnt.get(update.device)
    if (known === undefined && this.#learnt.size >= MEMORY_DEVICES) return
    this.#learnt.set(update.device, known === undefined ? update : mergeUpdates(known, update))
  }

  unlearn(devices: readonly string[]): void {
    for (const device of devices) this.#learnt.delete(device)
  }

  /** The oldest of what waits. */
  take(): Piece {
    let pieces = 0
    let transfers = 0
    let chars = 0
    while (pieces < this.#rows.length && transfers < MAX_BATCH && chars < MAX_BATCH_CHARS) {
      const { text, count } = this.#rows[pieces++]
      transfers += count
      chars += text.length
    }
    const rows = this.#rows.splice(0, pieces).map(({ text }) => text)
    const text = `{"ended":[${rows.join(',')}],"learnt":${JSON.stringify([...this.#learnt.values()])}}`
    this.#learnt.clear()
    this.#chars -= chars
    this.#transfers -= transfers
    return { text, transfers }
  }

  /** What was lost since this was asked last. */
  takeLost(): { readonly transfers: number; readonly traces: number } {
    const lost = this.#lost
    this.#lost = { transfers: 0, traces: 0 }
    return lost
  }
}
