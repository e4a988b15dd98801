/** The transfers that run, as their events tell: what the page, the progress board and `abort` look things up in. */
import { FINAL_EVENTS, type TransferEvent } from '../endpoint/contract.ts'
import type { ServerStats, TransferSnapshot } from './contract.ts'

interface Entry {
  /** The number of the serving instance that has it. */
  readonly instance: number
  readonly since: number
  state: TransferSnapshot['state']
  stalls: number
  last: TransferEvent
}

type Totals = { -readonly [Key in keyof ServerStats['transfers']]: number }

export class Registry {
  readonly #entries = new Map<number, Entry>()
  readonly #totals: Totals = {
    running: 0,
    requested: 0,
    completed: 0,
    probed: 0,
    refused: 0,
    superseded: 0,
    failed: 0,
  }
  readonly #bytes = { read: 0, written: 0 }

  /** An event of a transfer of `instance`. */
  add(instance: number, event: TransferEvent): void {
    if (FINAL_EVENTS.has(event.event)) return this.#end(event)
    let entry = this.#entries.get(event.id)
    if (entry === undefined) {
      entry = { instance, since: event.time - event.ms, state: 'requested', stalls: 0, last: event }
      this.#entries.set(event.id, entry)
      this.#totals.requested++
    }
    entry.state = stateAfter(entry.state, event.event)
    if (event.event === 'stalled') entry.stalls++
    entry.last = event
  }

  /** The oldest first. */
  transfers(): TransferSnapshot[] {
    return [...this.#entries.values()].map(snapshotOf)
  }

  get running(): number {
    return this.#entries.size
  }

  /** The number of the instance that has the transfer; undefined when it does not run. */
  instanceOf(id: number): number | undefined {
    return this.#entries.get(id)?.instance
  }

  /** The last event of each running transfer of `instance`. */
  lastOf(instance: number): TransferEvent[] {
    return [...this.#entries.values()].filter((entry) => entry.instance === instance).map((entry) => entry.last)
  }

  totals(): Pick<ServerStats, 'transfers' | 'bytes'> {
    return { transfers: { ...this.#totals, running: this.#entries.size }, bytes: { ...this.#bytes } }
  }

  #end(event: TransferEvent): void {
    // A request that is turned away at once has no other event.
    if (!this.#entries.delete(event.id) && event.event !== 'refused') return
    this.#totals[event.event as keyof Totals]++
    this.#bytes[event.direction === 'read' ? 'read' : 'written'] += event.bytes
  }
}

/** A stall ends with `recovered` alone: other events may come in the middle of it. */
function stateAfter(state: TransferSnapshot['state'], kind: string): TransferSnapshot['state'] {
  if (kind === 'stalled') return 'stalled'
  if (kind === 'recovered') return 'running'
  return kind === 'requested' || state === 'stalled' ? state : 'running'
}

function snapshotOf({ since, state, stalls, last }: Entry): TransferSnapshot {
  const { id, client, file, direction, bytes, sizeBytes, rateBytesPerSec, blksize, window } = last
  return {
    id,
    client,
    file,
    served: last.served ?? (sizeBytes === undefined ? undefined : file),
    direction,
    state,
    bytes,
    sizeBytes,
    rateBytesPerSec,
    blksize,
    window,
    datagrams: last.datagrams,
    retransmitted: last.retransmitted,
    stalls,
    since,
  }
}
