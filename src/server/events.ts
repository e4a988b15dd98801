/** What the server says of itself, and how transfers become events. */
import type { Driver } from '../io/driver.ts'
import type { EventKind, Peer, TransferEvent } from '../endpoint/contract.ts'
import { describe } from '../endpoint/endpoint.ts'
import type { Request } from '../packet/index.ts'
import { allowFlagFor } from './peers.ts'
import { Limiter } from './limiter.ts'
import type { ServedTransfer } from './content.ts'

export type ServerEvent =
  | TransferEvent
  | {
      readonly event: 'listening'
      readonly time: number
      /** As it was asked for: `0.0.0.0` and `::` stand for every address. */
      readonly address: string
      readonly port: number
      readonly driver: string
    }
  | {
      readonly event: 'notice'
      readonly time: number
      /** Stable, for programs: NO_REQUEST, LISTENER_FAILED, RECORDING, DRIVER, THREAD_BROKE, THREAD_RESTARTED. */
      readonly code: string
      readonly message: string
    }

/** Strangers that knock: a few lines a minute tell enough. */
const STRANGERS_WINDOW_MS = 60_000
const STRANGERS_PER_WINDOW = 10

export class Events {
  readonly #emit: (event: ServerEvent) => void
  readonly #strangers = new Limiter(STRANGERS_WINDOW_MS, STRANGERS_PER_WINDOW)
  readonly #notices = new Limiter(STRANGERS_WINDOW_MS, STRANGERS_PER_WINDOW)
  readonly #waiting = new Set<Promise<void>>()
  /** Held back until the server is ready: `listening` is the first event. */
  #early: ServerEvent[] | undefined = []

  constructor(emit: (event: ServerEvent) => void) {
    this.#emit = emit
  }

  listening(address: string, port: number, driver: Driver<unknown>['name']): void {
    this.#emit({ event: 'listening', time: Date.now(), address, port, driver })
  }

  /** The server is ready: what was held back follows. */
  ready(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const event of early) this.#emit(event)
  }

  notice(code: string, message: string): void {
    if (this.#notices.pass(Date.now(), message) !== undefined)
      this.#say({ event: 'notice', time: Date.now(), code, message })
  }

  /** `now` is the driver's. `crc32`, where it is given, is awaited before the event goes out. */
  transfer(kind: EventKind, now: number, transfer: ServedTransfer, crc32?: Promise<number | undefined>): void {
    const event: TransferEvent = { event: kind, time: Date.now(), ...describe(transfer, now) }
    if (crc32 === undefined) return this.#say(event)
    const waiting = crc32
      .then((value) => this.#say(value === undefined ? event : { ...event, crc32: hex(value) }))
      .catch(() => this.#say(event))
      .finally(() => this.#waiting.delete(waiting))
    this.#waiting.add(waiting)
  }

  /** A peer that is not served asked for something. It hears nothing; the user hears of some of them. */
  stranger(peer: Peer, request: Request | undefined): void {
    const held = this.#strangers.pass(Date.now(), peer.address)
    if (held === undefined) return
    const more = held > 0 ? ` (${held} more like it were not reported)` : ''
    this.#say({
      event: 'refused',
      time: Date.now(),
      id: 0,
      client: peer.address.includes(':') ? `[${peer.address}]:${peer.port}` : `${peer.address}:${peer.port}`,
      file: request?.filename ?? '',
      direction: request?.opcode === 2 ? 'write' : 'read',
      bytes: 0,
      blocks: 0,
      datagrams: 0,
      retransmitted: 0,
      window: 1,
      ms: 0,
      rateBytesPerSec: 0,
      code: 'ERR_TFTP_ACCESS',
      cause: `${peer.address} is not a private address, so it is not served; to serve it add ${allowFlagFor(peer.address)}${more}`,
    })
  }

  /** Resolves when every event that waits for a checksum is out. */
  async settled(): Promise<void> {
    await Promise.all(this.#waiting)
  }

  #say(event: ServerEvent): void {
    if (this.#early === undefined) this.#emit(event)
    else this.#early.push(event)
  }
}

function hex(crc32: number): string {
  return (crc32 >>> 0).toString(16).padStart(8, '0')
}
