/** How what happens in an instance becomes events. */
import { performance } from 'node:perf_hooks'
import { type EventKind, FINAL_EVENTS, type Peer, type TransferEvent } from '../endpoint/contract.ts'
import { clientOf, eventOf } from '../endpoint/endpoint.ts'
import { OPCODE, type Request } from '../packet/index.ts'
import { type EndedDetails, NO_DETAILS } from '../history/contract.ts'
import { deviceId } from '../profile/device-id.ts'
import { RateLimiter } from '../endpoint/rate-limiter.ts'
import type { ServedTransfer } from './content.ts'
import { type Evidence, evidenceOf, needsEvidence } from './evidence.ts'
import type { EventReport, FromInstance } from './protocol.ts'
import { hex, KeptRows } from './kept-rows.ts'
import { Ledger } from './ledger.ts'
import { includes, transferLevel } from './level.ts'
import type { EventLevel } from './contract.ts'
import { COUNTER } from '../transfer/contract.ts'

/** Lines that any host of the network can cause: ten at once, then ten a minute, and the same one once a minute. */
const LINES = { burst: 10, perSecond: 1 / 6, sameKeyMs: 60_000 }

/** What a history keeps of a transfer that ends. */
export type DetailsOf = (transfer: ServedTransfer) => EndedDetails
/** The last packets of a transfer, as `Traces.copy` returns them. */
export type TraceOf = (transfer: ServedTransfer) => Uint32Array

export class Events {
  /** Events of transfers that matter less are not made. */
  level: EventLevel
  readonly #say: (message: FromInstance) => void
  readonly #ledger: Ledger
  readonly #denied = new RateLimiter(LINES)
  readonly #notices = new RateLimiter(LINES)
  /** Events that wait for a checksum. */
  readonly #waiting = new Map<EventReport, Promise<void>>()
  readonly #detailsOf: DetailsOf | undefined
  readonly #traceOf: TraceOf
  readonly #kept: KeptRows

  /** With `detailsOf` the end of each transfer is reported, whatever the level. */
  constructor(say: (message: FromInstance) => void, level: EventLevel, traceOf: TraceOf, detailsOf?: DetailsOf) {
    this.#say = say
    this.#kept = new KeptRows(say)
    this.#traceOf = traceOf
    this.#detailsOf = detailsOf
    this.level = level
    this.#ledger = new Ledger((facts) => say({ type: 'facts', facts }))
  }

  notice(code: string, message: string): void {
    if (this.#notices.take(performance.now(), message)) this.#say({ type: 'notice', code, message })
  }

  /** `now` is the driver's. An event that says `completed` goes out when its checksum is known. */
  transfer(kind: EventKind, now: number, transfer: ServedTransfer): void {
    if (transfer.quiet && !this.#isToldLate(kind, now, transfer)) return
    const details = FINAL_EVENTS.has(kind) ? this.#detailsOf?.(transfer) : undefined
    const isRead = includes(this.level, transferLevel(kind, transfer.outcome?.lastAck))
    if (isRead) this.#ledger.introduce(kind, transfer)
    else this.#ledger.unsaid(kind, transfer, transfer.machine?.counters[COUNTER.bytes] ?? 0)
    if (!isRead && details === undefined) return
    const needs = needsEvidence(kind, transfer)
    if (!isRead && !needs && details !== undefined) return this.#kept.add(kind, now, transfer, details)
    const time = Date.now()
    const event = eventOf(kind, time, transfer, now)
    const served = transfer.content?.name
    if (served !== undefined && served !== event.file) event.served = served
    const crc32 = kind === 'completed' ? transfer.content?.crc32() : undefined
    const evidence = needs ? evidenceOf(kind, transfer, this.#traceOf(transfer), time, now) : undefined
    const word = wordOf(event, isRead, details, evidence)
    if (crc32 === undefined) return this.#tell(word)
    const waiting = crc32.then(
      (value) => {
        if (value !== undefined) event.crc32 = hex(value)
        this.#release(word)
      },
      () => this.#release(word),
    )
    this.#waiting.set(word, waiting)
  }

  /** A peer whose address is not served asked for something. It gets no answer; some of these requests become events. */
  denied(peer: Peer, request: Request | undefined, reason: string): void {
    if (!this.#denied.take(performance.now(), peer.address)) return
    const direction = request?.opcode === OPCODE.wrq ? 'write' : 'read'
    const isRead = includes(this.level, transferLevel('refused', undefined))
    if (!isRead) this.#ledger.count('refused', direction)
    const device = request === undefined ? '' : deviceId(peer.address, undefined, request)
    const details = this.#detailsOf === undefined ? undefined : { ...NO_DETAILS, device }
    if (!isRead && details === undefined) return
    const held = this.#denied.takeSuppressed()
    const more = held > 0 ? ` (${held} more like it were not reported)` : ''
    const told = `${reason}${more}`
    const event: TransferEvent = {
      event: 'refused',
      time: Date.now(),
      id: 0,
      client: clientOf(peer),
      file: request?.filename ?? '',
      direction,
      bytes: 0,
      blocks: 0,
      datagrams: 0,
      retransmitted: 0,
      window: 1,
      ms: 0,
      rateBytesPerSec: 0,
      code: 'ERR_TFTP_ACCESS',
      reason: told,
    }
    this.#say(wordOf(event, isRead, details))
  }

  /** Resolves when the control side knows all that happened: events that waited for a checksum are out, and so are facts. */
  async settled(): Promise<void> {
    await Promise.all([...this.#waiting.values(), this.#kept.settled()])
    this.#ledger.flush()
  }

  /**
   * Says at once, without checksum, what waits: the thread is about to crash, and these transfers did end like this. The control side also
   * gets to know of every transfer that runs, because it has to say that they failed.
   */
  hurry(): void {
    for (const word of this.#waiting.keys()) this.#release(word)
    this.#kept.hurry()
    try {
      this.#ledger.flush()
    } catch {
      // What broke the thread may be in the way. Then the control side goes by what it knew.
    }
  }

  /** Whether `transfer`, which came in a flood, has an answer by now. Its request is told then, before `kind`. */
  #isToldLate(kind: EventKind, now: number, transfer: ServedTransfer): boolean {
    if (transfer.isUnheard) {
      if (FINAL_EVENTS.has(kind)) this.#ledger.endedQuietly(kind, transfer)
      return false
    }
    transfer.quiet = false
    this.transfer('requested', now, transfer)
    return true
  }

  #release(word: EventReport): void {
    if (this.#waiting.delete(word)) this.#tell(word)
  }

  #tell(word: EventReport): void {
    if (word.type === 'event' && FINAL_EVENTS.has(word.event.event)) this.#ledger.said(word.event.id)
    this.#say(word)
  }
}

/** Without a reader it is for the history alone. */
function wordOf(
  event: TransferEvent,
  isRead: boolean,
  details: EndedDetails | undefined,
  evidence?: Evidence,
): EventReport {
  return {
    type: isRead ? 'event' : 'ended',
    event,
    ...(details === undefined ? {} : { details }),
    ...(evidence === undefined ? {} : { evidence }),
  }
}
