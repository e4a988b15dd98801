/** How what happens in an instance becomes events. */
import { performance } from 'node:perf_hooks'
import type { EventKind, Peer, TransferEvent } from '../endpoint/contract.ts'
import { clientOf, eventOf } from '../endpoint/endpoint.ts'
import { OPCODE, type Request } from '../packet/index.ts'
import { RateLimiter } from '../endpoint/rate-limiter.ts'
import { allowFlagFor } from './peers.ts'
import type { ServedTransfer } from './content.ts'
import type { FromInstance } from './protocol.ts'

/** Lines that any host of the network can cause: ten at once, then ten a minute, and the same one once a minute. */
const LINES = { burst: 10, perSecond: 1 / 6, sameKeyMs: 60_000 }

export class Events {
  readonly #say: (message: FromInstance) => void
  readonly #denied = new RateLimiter(LINES)
  readonly #notices = new RateLimiter(LINES)
  /** Events that wait for a checksum. */
  readonly #waiting = new Map<TransferEvent, Promise<void>>()

  constructor(say: (message: FromInstance) => void) {
    this.#say = say
  }

  notice(code: string, message: string): void {
    if (this.#notices.take(performance.now(), message)) this.#say({ type: 'notice', code, message })
  }

  /** `now` is the driver's. `crc32`, where it is given, is awaited before the event goes out. */
  transfer(kind: EventKind, now: number, transfer: ServedTransfer, crc32?: Promise<number | undefined>): void {
    const event = eventOf(kind, Date.now(), transfer, now)
    const served = transfer.content?.name
    if (served !== undefined && served !== event.file) event.served = served
    if (crc32 === undefined) return this.#say({ type: 'event', event })
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

  /** Resolves when every event that waits for a checksum is out. */
  async settled(): Promise<void> {
    await Promise.all(this.#waiting.values())
  }

  /** Says at once, without checksum, what waits: the thread is about to crash, and these transfers did end like this. */
  hurry(): void {
    for (const event of this.#waiting.keys()) this.#release(event)
  }

  #release(event: TransferEvent): void {
    if (this.#waiting.delete(event)) this.#say({ type: 'event', event })
  }
}

function hex(crc32: number): string {
  return (crc32 >>> 0).toString(16).padStart(8, '0')
}
