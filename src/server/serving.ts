/** The endpoint's owner: joins driver, files and events. */
import type { Store } from '../content/contract.ts'
import type { EventKind, Peer } from '../endpoint/contract.ts'
import { Endpoint, isRequest } from '../endpoint/endpoint.ts'
import type { EndpointConfig, EndpointSink, Prepared } from '../endpoint/endpoint.ts'
import { RateLimiter } from '../endpoint/rate-limiter.ts'
import { ForesendError } from '../error.ts'
import type { Driver, DriverHandlers, Tid } from '../io/driver.ts'
import { parseRequest } from '../packet/index.ts'
import type { Devices } from '../profile/devices.ts'
import { unreadable } from './content.ts'
import type { Served, ServedTransfer } from './content.ts'
import type { Events } from './events.ts'
import { Groups, type GroupsConfig } from './groups.ts'
import { isHealthProbe } from './health-probe.ts'
import { Opener } from './opener.ts'
import type { Peers } from './peers.ts'
import type { Rates } from './rates.ts'
import type { Rules } from './rules.ts'
import type { Agreed } from '../transfer/negotiate.ts'
import type { NetworkStats } from './contract.ts'
import type { Recording } from './recording.ts'

/** Requests that wait at a start: as many as can arrive in the milliseconds until the server is ready. Clients repeat the others. */
const MAX_HELD = 256

/** A flood of requests is a notice once in a while. */
const LIMIT_NOTICES = { burst: 1, perSecond: 1 / 60 }

export interface ServingOptions {
  readonly store: Store
  readonly peers: Peers
  readonly rules: Rules
  readonly rates: Rates
  readonly events: Events
  readonly devices: Devices
  readonly endpoint: EndpointConfig<Tid, Served>
  /** Makes the driver for these handlers. */
  readonly driver: (handlers: DriverHandlers<ServedTransfer>) => Driver<ServedTransfer>
  /** The first request reached a listening socket. What is none, such as a check of this machine's own, says nothing of the network. */
  readonly asked: () => void
  readonly recording?: Recording | undefined
  /** Requests wait until `admit`. */
  readonly held?: boolean
  /** Without it no file goes to several clients at once. */
  readonly groups?: GroupsConfig
}

export class Serving implements EndpointSink<Tid, Served>, DriverHandlers<ServedTransfer> {
  readonly endpoint: Endpoint<Tid, Served>
  readonly driver: Driver<ServedTransfer>
  readonly #opener: Opener
  readonly #groups: Groups
  #peers: Peers
  #rates: Rates
  readonly #devices: Devices
  readonly #asked: () => void
  readonly #events: Events
  readonly #limitNotices = new RateLimiter(LIMIT_NOTICES)
  readonly #recording: Recording | undefined
  /** Datagrams that reached a listening socket. */
  #requests = 0
  /** Of these, by which the server tried whether it answers. */
  #probes = 0
  #wasAsked = false
  /** False: new requests are left unanswered. */
  admitting = true
  /** What came before `admit`; undefined once requests are served. */
  #held: { readonly peer: Peer; readonly bytes: Uint8Array }[] | undefined

  constructor(options: ServingOptions) {
    this.#peers = options.peers
    this.#rates = options.rates
    this.#events = options.events
    this.#devices = options.devices
    this.#asked = options.asked
    this.#recording = options.recording
    this.#held = options.held === true ? [] : undefined
    this.driver = options.driver(this)
    this.endpoint = new Endpoint(options.endpoint, this)
    this.#groups = new Groups(this.driver, options.groups ?? {})
    this.#opener = new Opener(this.driver, this.endpoint, this.#groups, options.store, options.rules)
  }

  /** Requests from now on are served from `store`, to `peers`, by `rules`, within `rates`; running transfers keep what they have. */
  follow({ store, peers, rules, rates }: Pick<ServingOptions, 'store' | 'peers' | 'rules' | 'rates'>): void {
    this.#opener.follow(store, rules)
    this.#peers = peers
    this.#rates = rates
  }

  /** Serves requests from now on, those first that waited. Without effect on one that was not held. */
  admit(): void {
    const held = this.#held
    this.#held = undefined
    for (const { peer, bytes } of held ?? []) this.#request(this.driver.now(), peer, bytes, 0, bytes.length)
  }

  /** Stores that are not closed: one, and those that a reload replaced while transfers use them. */
  get stores(): number {
    return this.#opener.stores
  }

  closeStores(): void {
    this.#opener.close()
  }

  /** Totals since the start. */
  stats(): NetworkStats {
    const { arrivals, sendErrors, receiveErrors, dropped } = this.driver.stats
    const { ignored, repeated, refused } = this.endpoint.counts
    const requests = this.#requests - this.#probes
    // A supervisor that looks every few seconds would fill the figures of a server that gets no noise at all.
    const noise = ignored - this.#probes
    return { requests, ignored: noise, repeated, refused, arrivals, sendErrors, receiveErrors, dropped }
  }

  /**
   * The thread is broken: what the system keeps for the process is given back, sockets first, as others wait for the port.
   * Whatever of it fails keeps nothing else from being tried; no machine and no peer learns of it.
   */
  drop(): void {
    const transfers = [...this.endpoint.transfers()]
    const steps = [
      () => this.driver.close(),
      ...transfers.map((transfer) => () => transfer.content?.close()),
      () => this.#opener.abandon(),
    ]
    for (const step of steps) {
      try {
        step()
      } catch {
        // Its state is worth nothing any more.
      }
    }
  }

  /** Transfers that are not decided yet. */
  get running(): number {
    let count = 0
    for (const transfer of this.endpoint.transfers()) if (transfer.outcome === undefined) count++
    return count
  }

  /** How a read is sent. */
  prepare(transfer: ServedTransfer, agreed: Agreed): Prepared {
    const { service } = transfer.content ?? {}
    const prepared = this.#devices.prepare(transfer, agreed, service?.policy)
    const allowance = this.#rates.allowanceFor(transfer.peer.address, service?.bytesPerSec)
    return allowance === undefined ? prepared : { ...prepared, allowance }
  }

  /** The request stays unanswered, as if it had been lost: its client asks again. */
  #limited(now: number, { address }: Peer, flag: string): void {
    this.endpoint.counts.refused++
    if (!this.#limitNotices.take(now)) return
    this.#events.notice('LIMITED', `requests are left unanswered, the last one of ${address}: more than ${flag} allows`)
  }

  // What the driver says.

  request(now: number, peer: Peer, buffer: Uint8Array, offset: number, length: number): void {
    this.#requests++
    if (!this.#wasAsked && isRequest(buffer, offset, length)) {
      this.#wasAsked = true
      this.#asked()
    }
    if (this.#held === undefined) this.#request(now, peer, buffer, offset, length)
    else if (this.#held.length < MAX_HELD) this.#held.push({ peer, bytes: buffer.slice(offset, offset + length) })
  }

  #request(now: number, peer: Peer, buffer: Uint8Array, offset: number, length: number): void {
    if (!this.admitting) return
    const refusal = this.#peers.refusal(peer.address, peer.near)
    if (refusal === undefined) {
      const limit = this.#rates.exceeded(now, peer.address)
      if (limit !== undefined) return this.#limited(now, peer, limit)
      this.#recording?.asks(buffer, offset, length)
      const { ignored } = this.endpoint.counts
      this.endpoint.handleRequest(now, peer, buffer, offset, length)
      if (isHealthProbe(buffer, offset, length)) this.#probes += this.endpoint.counts.ignored - ignored
      this.#recording?.asked(now, peer)
      return
    }
    const request = parseRequest(buffer, offset, length)
    this.#events.denied(peer, request.ok ? request.value : undefined, refusal)
  }

  datagram(now: number, transfer: ServedTransfer, buffer: Uint8Array, offset: number, length: number): void {
    this.#recording?.received(now, transfer, buffer, offset, length)
    this.endpoint.handleDatagram(now, transfer, buffer, offset, length)
  }

  isRequest(buffer: Uint8Array, offset: number, length: number): boolean {
    return isRequest(buffer, offset, length)
  }

  stray(now: number, buffer: Uint8Array, offset: number, length: number): Uint8Array | undefined {
    return this.endpoint.handleStray(now, buffer, offset, length)
  }

  unreachable(now: number, transfer: ServedTransfer): void {
    this.endpoint.handleUnreachable(now, transfer)
  }

  unreadable(now: number, transfer: ServedTransfer): void {
    if (transfer.content?.type !== 'image') return
    this.endpoint.abort(now, transfer, unreadable(transfer.content.image))
  }

  timer(now: number): void {
    this.endpoint.handleTimer(now)
  }

  listenerFailed(address: string, port: number, cause: Error): void {
    this.#events.notice(
      'LISTENER_FAILED',
      `not listening on ${address} port ${port}: ${cause.message}; it is tried again`,
    )
  }

  // What the endpoint says.

  open(transfer: ServedTransfer): void {
    this.#opener.open(transfer)
  }

  sendBlocks(transfer: ServedTransfer, first: number, count: number): void {
    const { io, content } = transfer
    if (io === undefined || content?.type !== 'image') return
    if (content.maxBytes === 0) {
      if (transfer.agreed === undefined) return
      content.agree(transfer.agreed)
    }
    this.#record(transfer, first, count)
    io.sendBlocks(content, first, count, content.maxBytes, content.isMapped ? content : undefined)
  }

  /** A block for a group is in the recording of each client that listens. */
  #record(transfer: ServedTransfer, first: number, count: number): void {
    const recording = this.#recording
    if (recording === undefined) return
    const now = this.driver.now()
    if (transfer.agreed?.group === undefined) return recording.sentBlocks(now, transfer, first, count)
    for (const listener of this.#groups.listeners(transfer)) recording.sentBlocks(now, listener, first, count)
  }

  sendControl(transfer: ServedTransfer, buffer: Uint8Array, length: number): void {
    this.#recording?.sent(this.driver.now(), transfer, buffer, length)
    transfer.io?.sendControl(buffer, length)
  }

  reply(peer: Peer, buffer: Uint8Array, length: number): void {
    this.driver.reply(peer, buffer, length)
  }

  store(transfer: ServedTransfer, _seq: number, buffer: Uint8Array, offset: number, length: number): void {
    if (transfer.content?.type === 'upload') transfer.content.upload.write(buffer, offset, length)
  }

  finish(transfer: ServedTransfer): void {
    const { content } = transfer
    if (content?.type !== 'upload') return
    content.finishing = true
    content.upload.finish().then(
      () => this.endpoint.handleStored(this.driver.now(), transfer),
      (error) => this.endpoint.handleStored(this.driver.now(), transfer, asContentError(transfer, error)),
    )
  }

  event(kind: EventKind, transfer: ServedTransfer): void {
    this.#recording?.event(kind, transfer)
    this.#events.transfer(kind, this.driver.now(), transfer)
  }

  close(transfer: ServedTransfer): void {
    this.#devices.ended(transfer)
    this.#recording?.close(this.driver.now(), Date.now(), transfer)
    this.#groups.leave(this.driver.now(), transfer)
    transfer.io?.close()
    transfer.content?.close()
    transfer.io = undefined
    transfer.content = undefined
  }

  deadline(at: number): void {
    this.driver.deadline(at)
  }
}

function asContentError(transfer: ServedTransfer, error: unknown): ForesendError {
  if (error instanceof ForesendError) return error
  return new ForesendError('ERR_TFTP_CONTENT', `${transfer.label} could not be stored: ${String(error)}`, {
    fault: 'content',
    wireCode: 0,
    cause: error,
  })
}
