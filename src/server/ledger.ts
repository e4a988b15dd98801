/**
 * What the control side has to know of transfers whose events no listener reads. Most transfers of a busy server are over within
 * FACTS_EVERY_MS: of those only a count crosses. What lasts longer crosses as it stands then, and each time that it has changed.
 *
 * **Invariant:** the control side knows a transfer before any event of it arrives. What an event says is never counted here.
 */
import { type EventKind, FINAL_EVENTS } from '../endpoint/contract.ts'
import { eventOf } from '../endpoint/endpoint.ts'
import type { ServedTransfer } from './content.ts'
import type { TransferSnapshot } from './contract.ts'
import type { CountedKind, Facts, Standing } from './protocol.ts'
import { stateAfter, TRANSFER_STATES, type TransferState } from './transfer-state.ts'

/** What the control side knows may be this old: too short to be noticed on a screen. */
export const FACTS_EVERY_MS = 100

// What is remembered of a transfer is one number: a table whose rows come and go all the time holds no objects (docs/adr/0013).
/** The control side knows it. */
const KNOWN = 1
const STATE_SHIFT = 1
const STATE_MASK = 3
const STALLS_SHIFT = 3

type Counts = { -readonly [Key in keyof Facts['counts']]: Facts['counts'][Key] }

export class Ledger {
  readonly #say: (facts: Facts) => void
  /** What is remembered of each running transfer, by its id. */
  readonly #rows = new Map<number, number>()
  /** Transfers that stand otherwise than the control side knows, by slot. Whatever ends is taken out, so that nothing holds it. */
  readonly #changed: (ServedTransfer | undefined)[] = []
  /** The slots of these, and some that hold nothing any more. */
  #slots: number[] = []
  #counts: Counts = {}
  /** Of those, by clients that store. */
  #writes: Counts = {}
  #readBytes = 0
  #writtenBytes = 0
  #ended: number[] = []
  #lastId = 0
  #timer: NodeJS.Timeout | undefined

  constructor(say: (facts: Facts) => void) {
    this.#say = say
  }

  /** Transfers of which something is remembered: those that run. */
  get remembered(): number {
    return this.#rows.size
  }

  /** Something happened to `transfer`, and no event will say so. */
  unsaid(kind: EventKind, transfer: ServedTransfer, bytes: number): void {
    const { id } = transfer
    const row = this.#rows.get(id)
    if (FINAL_EVENTS.has(kind)) {
      this.count(kind as CountedKind, transfer.direction)
      if (transfer.direction === 'read') this.#readBytes += bytes
      else this.#writtenBytes += bytes
      if (row !== undefined && (row & KNOWN) !== 0) this.#ended.push(id)
      this.#forget(transfer)
      this.#rows.delete(id)
      return
    }
    if (row === undefined) {
      this.count('requested', transfer.direction)
      this.#lastId = Math.max(this.#lastId, id)
    }
    this.#rows.set(id, rowAfter(row ?? 0, kind))
    if (this.#changed[transfer.slot] !== undefined) return
    this.#changed[transfer.slot] = transfer
    this.#slots.push(transfer.slot)
    this.#later()
  }

  /** A transfer ended of which nothing else is to be known. An event may have told of its request. */
  endedQuietly(kind: EventKind, transfer: ServedTransfer): void {
    if (!this.#rows.has(transfer.id)) this.count('requested', transfer.direction)
    this.unsaid(kind, transfer, 0)
  }

  /** One more of `kind`, of which nothing else is to be known. */
  count(kind: CountedKind, direction: TransferSnapshot['direction']): void {
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1
    if (direction === 'write') this.#writes[kind] = (this.#writes[kind] ?? 0) + 1
    this.#later()
  }

  /** An event of `kind` is about to be sent: the control side gets to know the transfer first, unless the event is its first one. */
  introduce(kind: EventKind, transfer: ServedTransfer): void {
    const { id } = transfer
    const row = this.#rows.get(id)
    if (row !== undefined && (row & KNOWN) === 0) this.flush()
    if (!FINAL_EVENTS.has(kind)) this.#rows.set(id, rowAfter(row ?? 0, kind) | KNOWN)
    // The last event has the last figures.
    else this.#forget(transfer)
  }

  /** The last event of transfer `id` was sent. */
  said(id: number): void {
    this.#rows.delete(id)
  }

  /** Says what there is to say, without waiting for more. */
  flush(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const facts: Facts = {
      counts: this.#counts,
      writes: this.#writes,
      readBytes: this.#readBytes,
      writtenBytes: this.#writtenBytes,
      running: this.#standings(),
      ended: this.#ended,
      lastId: this.#lastId,
    }
    this.#counts = {}
    this.#writes = {}
    this.#readBytes = 0
    this.#writtenBytes = 0
    this.#ended = []
    this.#say(facts)
  }

  #standings(): Standing[] {
    const slots = this.#slots
    this.#slots = []
    // The clock of the drivers, by which the endpoint goes.
    const now = performance.now()
    const time = Date.now()
    const standings: Standing[] = []
    for (const slot of slots) {
      const transfer = this.#changed[slot]
      if (transfer === undefined) continue
      this.#changed[slot] = undefined
      const row = this.#rows.get(transfer.id) ?? 0
      this.#rows.set(transfer.id, row | KNOWN)
      standings.push(standingOf(transfer, row, now, time))
    }
    return standings
  }

  #forget(transfer: ServedTransfer): void {
    if (this.#changed[transfer.slot] === transfer) this.#changed[transfer.slot] = undefined
  }

  #later(): void {
    this.#timer ??= setTimeout(() => this.flush(), FACTS_EVERY_MS).unref()
  }
}

function rowAfter(row: number, kind: EventKind): number {
  const state = TRANSFER_STATES.indexOf(stateAfter(stateOf(row), kind))
  const stalls = stallsOf(row) + (kind === 'stalled' ? 1 : 0)
  return (row & KNOWN) | (state << STATE_SHIFT) | (stalls << STALLS_SHIFT)
}

function stateOf(row: number): TransferState {
  return TRANSFER_STATES[(row >> STATE_SHIFT) & STATE_MASK]
}

function stallsOf(row: number): number {
  return row >> STALLS_SHIFT
}

function standingOf(transfer: ServedTransfer, row: number, now: number, time: number): Standing {
  const { event: _, time: __, ms, ...figures } = eventOf('progress', time, transfer, now)
  const served = transfer.content?.name
  return {
    ...figures,
    ...(served === undefined || served === figures.file ? {} : { served }),
    state: stateOf(row),
    stalls: stallsOf(row),
    since: time - ms,
  }
}
