/** Who asked and how it ended, from the server's events: each transfer that was `requested` ends exactly once. */

import { FINAL_EVENTS } from '../../src/endpoint/contract.ts'

export interface SoakEvent {
  readonly event: string
  readonly id?: number
  readonly file?: string
  readonly direction?: 'read' | 'write'
  readonly code?: string
  readonly reason?: string
  readonly message?: string
}

/** How transfers of one file ended in this round. */
export interface FileEnds {
  started: number
  completed: number
  ended: number
  /** Why the others ended, by code: how many, and the first one in words. */
  readonly reasons: Map<string, { count: number; readonly first: string }>
}

const STATE = { unknown: 0, running: 1, ended: 2 } as const

export class Ledger {
  requested = 0
  readonly ends: Record<string, number> = {}
  /** Of everything that did not end well. */
  readonly codes: Record<string, number> = {}
  /** What contradicts the rule above. */
  readonly faults: string[] = []
  #states = new Uint8Array(1 << 16)
  readonly #running = new Map<number, string>()
  #files = new Map<string, FileEnds>()
  /** The same for all files of a load: `put-1-17` belongs to `put-1`. */
  #groups = new Map<string, FileEnds>()

  get running(): number {
    return this.#running.size
  }

  /** Files of transfers that have not ended, with their ids. */
  stuck(): string[] {
    return [...this.#running].map(([id, file]) => `${id} ${file}`)
  }

  endsOf(file: string): FileEnds | undefined {
    return this.#files.get(file)
  }

  startedOf(group: string): number {
    return this.#groups.get(group)?.started ?? 0
  }

  completedOf(group: string): number {
    return this.#groups.get(group)?.completed ?? 0
  }

  /** How the transfers of a load ended for the server, in words. */
  reasonsOf(group: string): string {
    const reasons = [...(this.#groups.get(group)?.reasons ?? [])]
    return [
      `${this.completedOf(group)} completed`,
      ...reasons.map(([code, { count, first }]) => `${count} ${code} (${first})`),
    ].join(', ')
  }

  /** What is counted for each file begins anew. */
  newRound(): void {
    this.#files = new Map()
    this.#groups = new Map()
  }

  note({ event, id = 0, file = '', code, reason: text = '' }: SoakEvent): void {
    // Of strangers; and of no transfer.
    if (id === 0) return
    this.#grow(id)
    const state = this.#states[id]
    if (event === 'requested') {
      if (state !== STATE.unknown) this.faults.push(`transfer ${id} (${file}) was requested twice`)
      this.requested++
      this.#states[id] = STATE.running
      this.#running.set(id, file)
      return
    }
    if (state !== STATE.running) {
      const why = state === STATE.ended ? 'after its end' : 'before it was requested'
      this.faults.push(`transfer ${id} (${file}): ${event} ${why}`)
    }
    const counts = [countOf(this.#files, file), countOf(this.#groups, file.split('-', 2).join('-'))]
    if (event === 'started') for (const count of counts) count.started++
    if (!FINAL_EVENTS.has(event)) return
    this.#states[id] = STATE.ended
    this.#running.delete(id)
    this.ends[event] = (this.ends[event] ?? 0) + 1
    if (code !== undefined) this.codes[code] = (this.codes[code] ?? 0) + 1
    for (const count of counts) {
      count.ended++
      if (event === 'completed') count.completed++
      if (code === undefined) continue
      const reason = count.reasons.get(code)
      if (reason === undefined) count.reasons.set(code, { count: 1, first: text })
      else reason.count++
    }
  }

  #grow(id: number): void {
    if (id < this.#states.length) return
    const more = new Uint8Array(Math.max(id + 1, this.#states.length * 2))
    more.set(this.#states)
    this.#states = more
  }
}

function countOf(counts: Map<string, FileEnds>, name: string): FileEnds {
  let count = counts.get(name)
  if (count === undefined) counts.set(name, (count = { started: 0, completed: 0, ended: 0, reasons: new Map() }))
  return count
}
