/** The transfers that run, from their events and facts: what the page, the progress board and `abort` look things up in. */
import { FINAL_EVENTS, type TransferEvent } from '../endpoint/contract.ts'
import type { CountedKind, Facts, Standing } from './protocol.ts'
import { stateAfter, type TransferState } from './transfer-state.ts'
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
  state: TransferState
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

/** What an event and a standing have in common. */
type Figures = Pick<
  Standing,
  'bytes' | 'sizeBytes' | 'rateBytesPerSec' | 'blksize' | 'window' | 'blocks' | 'datagrams' | 'retransmitted' | 'served'
>
type Identity = Pick<Standing, 'id' | 'client' | 'file' | 'direction' | 'since'>
type Totals = Record<CountedKind, number>

export class Registry {
  /** Where each running transfer is among the entries, by id: tables whose rows come and go hold numbers (docs/adr/0013). */
  readonly #slots = new Map<number, number>()
  readonly #entries: (Entry | undefined)[] = []
  readonly #free: number[] = []
  readonly #names = new SharedText()
  readonly #totals = noTotals()
  /** Of those, by clients that store. */
  readonly #writes = noTotals()
  readonly #bytes = { read: 0, written: 0 }

  /** An event of a transfer of `instance`. Nothing of it is kept but its figures. */
  add(instance: number, event: TransferEvent): void {
    if (FINAL_EVENTS.has(event.event)) return this.#end(event)
    let entry = this.#entryOf(event.id)
    if (entry === undefined) {
      const { id, client, file, direction, time, ms } = event
      entry = this.#begin(instance, { id, client, file, direction, since: time - ms })
      this.#count('requested', direction)
    }
    entry.state = stateAfter(entry.state, event.event)
    if (event.event === 'stalled') entry.stalls++
    this.#update(entry, event)
  }

  /** What happened in `instance` without an event. */
  addFacts(instance: number, { counts, writes, readBytes, writtenBytes, running, ended }: Facts): void {
    for (const [kind, count] of Object.entries(counts)) this.#totals[kind as CountedKind] += count
    for (const [kind, count] of Object.entries(writes)) this.#writes[kind as CountedKind] += count
    this.#bytes.read += readBytes
    this.#bytes.written += writtenBytes
    for (const standing of running) {
      const entry = this.#entryOf(standing.id) ?? this.#begin(instance, standing)
      entry.state = standing.state
      entry.stalls = standing.stalls
      this.#update(entry, standing)
    }
    for (const id of ended) this.#remove(id)
  }

  /** The oldest first. */
  transfers(): TransferSnapshot[] {
    // Facts of several instances do not come in the order in which their transfers began.
    return this.#running()
      .sort((a, b) => a.since - b.since || a.id - b.id)
      .map(snapshotOf)
  }

  get running(): number {
    return this.#slots.size
  }

  /** The number of the instance that has the transfer; undefined when it does not run. */
  instanceOf(id: number): number | undefined {
    return this.#entryOf(id)?.instance
  }

  /** `instance` is gone at `time`, for this reason. The `failed` events of all that ran in it; they count as ended. */
  lose(instance: number, time: number, reason: string): TransferEvent[] {
    const lost = this.#running().filter((entry) => entry.instance === instance)
    const events = lost.map((entry) => failedEvent(entry, time, reason))
    for (const event of events) this.#end(event)
    return events
  }

  totals(): Pick<ServerStats, 'transfers' | 'writes' | 'bytes'> {
    const transfers = { ...this.#totals, running: this.running }
    return { transfers, writes: { ...this.#writes }, bytes: { ...this.#bytes } }
  }

  #running(): Entry[] {
    return [...this.#slots.values()].map((slot) => this.#entries[slot] as Entry)
  }

  #entryOf(id: number): Entry | undefined {
    const slot = this.#slots.get(id)
    return slot === undefined ? undefined : this.#entries[slot]
  }

  #begin(instance: number, { id, client, file, direction, since }: Identity): Entry {
    const entry: Entry = {
      id,
      instance,
      client,
      file: this.#names.share(file),
      direction,
      since,
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
    return entry
  }

  #update(entry: Entry, figures: Figures): void {
    const { served } = figures
    if (served !== undefined && served !== entry.served) entry.served = this.#names.share(served)
    entry.bytes = figures.bytes
    entry.sizeBytes = figures.sizeBytes
    entry.rateBytesPerSec = figures.rateBytesPerSec
    entry.blksize = figures.blksize
    entry.window = figures.window
    entry.blocks = figures.blocks
    entry.datagrams = figures.datagrams
    entry.retransmitted = figures.retransmitted
  }

  #end(event: TransferEvent): void {
    // A request that is turned away at once has no other event.
    if (!this.#remove(event.id) && event.event !== 'refused') return
    this.#count(event.event as CountedKind, event.direction)
    this.#bytes[event.direction === 'read' ? 'read' : 'written'] += event.bytes
  }

  #count(kind: CountedKind, direction: TransferSnapshot['direction']): void {
    this.#totals[kind]++
    if (direction === 'write') this.#writes[kind]++
  }

  /** False when there is no such transfer. */
  #remove(id: number): boolean {
    const slot = this.#slots.get(id)
    if (slot === undefined) return false
    this.#slots.delete(id)
    this.#entries[slot] = undefined
    this.#free.push(slot)
    return true
  }
}

function noTotals(): Totals {
  return { requested: 0, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 0 }
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

function failedEvent(entry: Entry, time: number, reason: string): TransferEvent {
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
    reason,
  }
}
