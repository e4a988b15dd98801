/** How what happens in an instance becomes events. */
import { performance } from 'node:perf_hooks'
import { type EventKind, FINAL_EVENTS, type Peer, type TransferEvent } from '../endpoint/contract.ts'
import { clientOf, eventOf } from '../endpoint/endpoint.ts'
import { OPCODE, type Request } from '../packet/index.ts'
import { RateLimiter } from '../endpoint/rate-limiter.ts'
import { allowFlagFor } from './peers.ts'
import type { ServedTransfer } from './content.ts'
import type { FromInstance } from './protocol.ts'
import { Ledger } from './ledger.ts'
import { includes, transferLevel } from './level.ts'
import type { EventLevel } from './contract.ts'
import { COUNTER } from '../transfer/contract.ts'

/** Lines that any host of the network can cause: ten at once, then ten a minute, and the same one once a minute. */
const LINES = { burst: 10, perSecond: 1 / 6, sameKeyMs: 60_000 }

export class Events {
  /** Events of transfers that matter less are not made. */
  level: EventLevel
  readonly #say: (message: FromInstance) => void
  readonly #ledger: Ledger
  readonly #denied = new RateLimiter(LINES)
  readonly #notices = new RateLimiter(LINES)
  /** Events that wait for a checksum. */
  readonly #waiting = new Map<TransferEvent, Promise<void>>()

  constructor(say: (message: FromInstance) => void, level: EventLevel = 'debug') {
    this.#say = say
    this.level = level
    this.#ledger = new Ledger((facts) => say({ type: 'facts', facts }))
  }

  notice(code: string, message: string): void {
    if (this.#notices.take(performance.now(), message)) this.#say({ type: 'notice', code, message })
  }

  /** `now` is the driver's. An event that says `completed` goes out when its checksum is known. */
  transfer(kind: EventKind, now: number, transfer: ServedTransfer): void {
    if (!includes(this.level, transferLevel(kind, transfer.outcome?.lastAck))) {
      return this.#ledger.unsaid(kind, transfer, transfer.machine?.counters[COUNTER.bytes] ?? 0)
    }
    this.#ledger.introduce(kind, transfer)
    const event = eventOf(kind, Date.now(), transfer, now)
    const served = transfer.content?.name
    if (served !== undefined && served !== event.file) event.served = served
    const crc32 = kind === 'completed' ? transfer.content?.crc32() : undefined
    if (crc32 === undefined) return this.#tell(event)
    const waiting = crc32.then(
      (value) => {
        if (value !== undefined) event.crc32 = hex(value)
        this.#release(event)
      },
      () => this.#release(event),
    )
    this.#waiting.set(event, waiting)
  }

  /** A peer whose address is not served asked for something. It gets no answer; some of these requests become events. */
  denied(peer: Peer, request: Request | undefined): void {
    if (!this.#denied.take(performance.now(), peer.address)) return
    if (!includes(this.level, transferLevel('refused', undefined))) return this.#ledger.count('refused')
    const held = this.#denied.takeSuppressed()
    const more = held > 0 ? ` (${held} more like it were not reported)` : ''
    const cause = `${peer.address} is not a private address, so it is not served; to serve it add ${allowFlagFor(peer.address)}${more}`
    this.#say({
      type: 'event',
      event: {
        event: 'refused',
        time: Date.now(),
        id: 0,
        client: clientOf(peer),
        file: request?.filename ?? '',
        direction: request?.opcode === OPCODE.wrq ? 'write' : 'read',
        bytes: 0,
        blocks: 0,
        datagrams: 0,
        retransmitted: 0,
        window: 1,
        ms: 0,
        rateBytesPerSec: 0,
        code: 'ERR_TFTP_ACCESS',
        cause,
      },
    })
  }

  /** Resolves when the control side knows all that happened: events that waited for a checksum are out, and so are facts. */
  async settled(): Promise<void> {
    await Promise.all(this.#waiting.values())
    this.#ledger.flush()
  }

  /**
   * Says at once, without checksum, what waits: the thread is about to crash, and these transfers did end like this. The control side also
   * gets to know of every transfer that runs, because it has to say that they failed.
   */
  hurry(): void {
    for (const event of this.#waiting.keys()) this.#release(event)
    try {
      this.#ledger.flush()
    } catch {
      // What broke the thread may be in the way. Then the control side goes by what it knew.
    }
  }

  #release(event: TransferEvent): void {
    if (this.#waiting.delete(event)) this.#tell(event)
  }

  #tell(event: TransferEvent): void {
    if (FINAL_EVENTS.has(event.event)) this.#ledger.said(event.id)
    this.#say({ type: 'event', event })
  }
}

function hex(crc32: number): string {
  return (crc32 >>> 0).toString(16).padStart(8, '0')
}
