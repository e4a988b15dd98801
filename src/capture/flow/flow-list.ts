/** Flows in the order of their last packets: the one that was silent longest comes first. */
import type { Flow } from './flow.ts'

export interface Entry {
  flow: Flow
  /** Since the epoch: when its last packet was captured. */
  lastSeconds: number
  list: FlowList | undefined
  previous: Entry | undefined
  next: Entry | undefined
}

export class FlowList {
  size = 0
  first: Entry | undefined
  #last: Entry | undefined

  /** Puts the entry at the end, from wherever it was. */
  touch(entry: Entry): void {
    if (this.#last === entry) return
    entry.list?.remove(entry)
    entry.list = this
    entry.previous = this.#last
    if (this.#last === undefined) this.first = entry
    else this.#last.next = entry
    this.#last = entry
    this.size++
  }

  remove(entry: Entry): void {
    if (entry.previous === undefined) this.first = entry.next
    else entry.previous.next = entry.next
    if (entry.next === undefined) this.#last = entry.previous
    else entry.next.previous = entry.previous
    entry.previous = undefined
    entry.next = undefined
    entry.list = undefined
    this.size--
  }
}
