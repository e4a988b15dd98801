/** The transfers that run, as their events tell: what the page, the progress board and `abort` look things up in. */
import { FINAL_EVENTS, type TransferEvent } from '../endpoint/contract.ts'
import type { ServerStats, TransferSnapshot } from './contract.ts'
import { SharedText } from './shared-text.ts'

/** A running transfer: what `transfers()` shows of it, and what the `failed` event of one needs that is lost with its instance. */
interface Entry {
  readonly id: number
  /** The number of the serving instance that has it. */
  readonly instance: number
  readonly client: string
  readonly file: string
  readonly direction: TransferSnapshot['direction']
  readonly since: number
  served: string | undefined
  state: TransferSnapshot['state']
  bytes: number
  sizeBytes: number | undefined
  rateBytesPerSec: number
  blksize: number | undefined
  window: number
  blocks: number
  datagrams: number
  retransmitted: number
  stalls: number
}

type Totals = { -readonly [Key in keyof ServerStats['transfers']]: number }

export class Registry {
  /** Where each running transfer is among the entries, by id: tables whose rows come and go hold numbers (docs/adr/0013). */
  readonly #slots = new Map<number, number>()
  readonly #entries: (Entry | undefined)[] = []
  readonly #free: number[] = []
  readonly #names = new SharedText()
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

  /** An event of a transfer of `instance`. Nothing of it is kept but its figures. */
  add(instance: number, event: TransferEvent): void {
    if (FINAL_EVENTS.has(event.event)) return this.#end(event)
    const entry = this.#entryOf(event.id) ?? this.#begin(instance, event)
    entry.state = stateAfter(entry.state, event.event)
    if (event.event === 'stalled') entry.stalls++
    if (event.served !== undefined && event.served !== entry.served) entry.served = this.#names.share(event.served)
    entry.bytes = event.bytes
    entry.sizeBytes = event.sizeBytes
    entry.rateBytesPerSec = event.rateBytesPerSec
    entry.blksize = event.blksize
    entry.window = event.window
    entry.blocks = event.blocks
    entry.datagrams = event.datagrams
    entry.retransmitted = event.retransmitted
  }

  /** The oldest first. */
  transfers(): TransferSnapshot[] {
    return this.#running().map(snapshotOf)
  }

  get running(): number {
    return this.#slots.size
  }

  /** The number of the instance that has the transfer; undefined when it does not run. */
  instanceOf(id: number): number | undefined {
    return this.#entryOf(id)?.instance
  }

  /** `instance` is gone at `time`, for the reason `cause`. The `failed` events of all that ran in it; they count as ended. */
  lose(instance: number, time: number, cause: string): TransferEvent[] {
    const lost = this.#running().filter((entry) => entry.instance === instance)
    const events = lost.map((entry) => failedEvent(entry, time, cause))
    for (const event of events) this.#end(event)
    return events
  }

  totals(): Pick<ServerStats, 'transfers' | 'bytes'> {
    return { transfers: { ...this.#totals, running: this.running }, bytes: { ...this.#bytes } }
  }

  #running(): Entry[] {
    return [...this.#slots.values()].map((slot) => this.#entries[slot] as Entry)
  }

  #entryOf(id: number): Entry | undefined {
    const slot = this.#slots.get(id)
    return slot === undefined ? undefined : this.#entries[slot]
  }

  #begin(instance: number, event: TransferEvent): Entry {
    const { id, client, file, direction, time, ms } = event
    const entry: Entry = {
      id,
      instance,
      client,
      file: this.#names.share(file),
      direction,
      since: time - ms,
      served: undefined,
      state: 'requested',
      bytes: 0,
      sizeBytes: undefined,
      rateBytesPerSec: 0,
      blksize: undefined,
      window: 1,
      blocks: 0,
      datagrams: 0,
      retransmitted: 0,
      stalls: 0,
    }
    const slot = this.#free.pop() ?? this.#entries.length
    this.#entries[slot] = entry
    this.#slots.set(id, slot)
    this.#totals.requested++
    return entry
  }

  #end(event: TransferEvent): void {
    const slot = this.#slots.get(event.id)
    // A request that is turned away at once has no other event.
    if (slot === undefined && event.event !== 'refused') return
    if (slot !== undefined) {
      this.#slots.delete(event.id)
      this.#entries[slot] = undefined
      this.#free.push(slot)
    }
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

function snapshotOf(entry: Entry): TransferSnapshot {
  const { id, client, file, direction, state, bytes, sizeBytes, rateBytesPerSec, blksize, window } = entry
  const { datagrams, retransmitted, stalls, since } = entry
  return {
    id,
    client,
    file,
    served: entry.served ?? (sizeBytes === undefined ? undefined : file),
    direction,
    state,
    bytes,
    sizeBytes,
    rateBytesPerSec,
    blksize,
    window,
    datagrams,
    retransmitted,
    stalls,
    since,
  }
}

function failedEvent(entry: Entry, time: number, cause: string): TransferEvent {
  const { id, client, file, served, direction, bytes, sizeBytes, blocks, datagrams, retransmitted, window } = entry
  const ms = Math.max(0, time - entry.since)
  return {
    event: 'failed',
    time,
    id,
    client,
    file,
    ...(served === undefined ? {} : { served }),
    direction,
    bytes,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    blocks,
    datagrams,
    retransmitted,
    window,
    ...(entry.blksize === undefined ? {} : { blksize: entry.blksize }),
    ms,
    rateBytesPerSec: ms > 0 ? Math.round((bytes * 1000) / ms) : 0,
    code: 'ERR_TFTP_INTERNAL',
    cause,
  }
}
