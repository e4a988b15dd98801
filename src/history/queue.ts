/** What waits to be written. It has bounds, and whatever finds no room is counted: the side that serves never waits. */
import { type DeviceUpdate, MEMORY_DEVICES, mergeUpdates } from '../profile/memory.ts'
import type { NumberedTransfer } from './batch.ts'
import type { EndedTransfer } from './contract.ts'

/** Some seconds of a rush of small files; each takes about a kilobyte. */
export const MAX_TRANSFERS = 4096
/** Long ones, which take 43 kB each as a text; of short ones it is many more. */
export const MAX_TRACES = 64
const LONG_TRACE_CHARS = 43_692
const MAX_TRACE_CHARS = MAX_TRACES * LONG_TRACE_CHARS
/** Transfers in one message: it is made in half a millisecond, and whatever serves in the same thread waits that long. */
export const MAX_BATCH = 256
/** The same for traces, which are copied as they are. */
const MAX_BATCH_TRACE_CHARS = 8 * LONG_TRACE_CHARS

export class Queue {
  /** Transfers and traces that found no room, since `takeLost`. */
  #lost = { transfers: 0, traces: 0 }
  readonly #ended: NumberedTransfer[] = []
  /** Where `#ended` begins: what was taken goes in one cut. */
  #first = 0
  #traceChars = 0
  /** One update for each device: those that come later are joined to it. */
  readonly #learnt = new Map<string, DeviceUpdate>()
  #seq = 0

  get transfers(): number {
    return this.#ended.length - this.#first
  }

  get isEmpty(): boolean {
    return this.transfers === 0 && this.#learnt.size === 0
  }

  add({ event, details }: EndedTransfer): void {
    const seq = ++this.#seq
    if (this.transfers >= MAX_TRANSFERS) {
      this.#lost.transfers++
      return
    }
    const chars = details.trace?.length ?? 0
    if (this.#traceChars + chars <= MAX_TRACE_CHARS) {
      this.#traceChars += chars
      this.#ended.push({ seq, event, details })
      return
    }
    const { trace: _, ...rest } = details
    this.#lost.traces++
    this.#ended.push({ seq, event, details: rest })
  }

  learn(update: DeviceUpdate): void {
    const known = this.#learnt.get(update.device)
    if (known === undefined && this.#learnt.size >= MEMORY_DEVICES) return
    this.#learnt.set(update.device, known === undefined ? update : mergeUpdates(known, update))
  }

  /** The oldest of what waits, as the text of a batch. */
  take(): string {
    let end = this.#first
    let chars = 0
    while (end < this.#ended.length && end - this.#first < MAX_BATCH) {
      const more = this.#ended[end].details.trace?.length ?? 0
      if (chars > 0 && chars + more > MAX_BATCH_TRACE_CHARS) break
      chars += more
      end++
    }
    const text = JSON.stringify({ ended: this.#ended.slice(this.#first, end), learnt: [...this.#learnt.values()] })
    this.#first = end
    this.#traceChars -= chars
    this.#learnt.clear()
    if (this.#first > MAX_TRANSFERS || this.#first === this.#ended.length) {
      this.#ended.splice(0, this.#first)
      this.#first = 0
    }
    return text
  }

  /** What was lost since this was asked last. */
  takeLost(): { readonly transfers: number; readonly traces: number } {
    const lost = this.#lost
    this.#lost = { transfers: 0, traces: 0 }
    return lost
  }
}
