/**
 * Many transfers behind one address, without any I/O: requests come in, each is checked, admitted and given a machine;
 * datagrams go to their machines; one timer serves them all.
 *
 * Every input carries `now` in milliseconds and ends with exactly one `sink.deadline`. Nothing that a peer sends makes
 * an input throw.
 */
import { type ForesendError, peerTextFor } from '../error.ts'
import { encodePeerError, HEADER_BYTES, OPCODE, readOpcode, type Request, WIRE_ERROR } from '../packet/index.ts'
import { COUNTER } from '../transfer/contract.ts'
import {
  type Agreed,
  agreedForReceiver,
  agreedForSender,
  lastNumberedSeq,
  type Limits,
  negotiateRead,
  negotiateWrite,
  oackOf,
} from '../transfer/negotiate.ts'
import { negotiateGroup } from '../transfer/multicast/group-agreement.ts'
import { GroupMember } from '../transfer/multicast/member.ts'
import type { MulticastSession } from '../transfer/multicast/session.ts'
import { takesAnyAck } from '../transfer/receiver-habits.ts'
import { Receiver } from '../transfer/receiver.ts'
import { Sender } from '../transfer/sender.ts'
import {
  Admission,
  DEFAULT_MAX_HALF_OPEN,
  DEFAULT_MAX_TRANSFERS,
  DEFAULT_MAX_TRANSFERS_PER_ADDRESS,
} from './admission.ts'
import { RateLimiter } from './rate-limiter.ts'
import type { Peer } from './contract.ts'
import { type Reading, readAtDoor } from './door.ts'
import { judgeRepeat, sameRequest } from './duplicates.ts'
import { Lifecycle } from './lifecycle.ts'
import { DEFAULT_OPEN_TIMEOUT_MS, type EndpointConfig, type EndpointSink } from './owner.ts'
import {
  busyError,
  deniedError,
  DROPPED_QUIETLY,
  droppedError,
  openTimeoutError,
  supersededError,
  tooManyBlocksError,
  withSuppressed,
} from './reasons.ts'
import { Transfer, type TransferMachine } from './transfer.ts'

export { DEFAULT_MAX_HALF_OPEN, DEFAULT_MAX_TRANSFERS, DEFAULT_MAX_TRANSFERS_PER_ADDRESS } from './admission.ts'
export { isRequest } from './door.ts'
export { eventOf } from './describe.ts'
export { clientOf } from './labels.ts'
export { DEFAULT_OPEN_TIMEOUT_MS, type EndpointConfig, type EndpointSink, type Prepared } from './owner.ts'
export { Transfer, type TransferMachine } from './transfer.ts'

/**
 * A machine whose timer came due waits this long for the next time, in milliseconds: when rounding makes its deadline
 * come a hair before the time it compares with, nothing spins.
 */
const MIN_REST_MS = 0.01

/** A person who tries a few things by hand sees every refusal; a flood of requests becomes a trickle of events. */
const REFUSED_EVENTS = { burst: 16, perSecond: 1 }
/** Half-open transfers that go for new ones: bounds what a flood of requests costs whose senders never answer. A client among them asks again. */
const REPLACED_HALF_OPEN = { burst: 100, perSecond: 1000 }
/** Half-open transfers that lose their place, each told of as the end of a transfer. The others are only counted. */
const DROPPED_EVENTS = { burst: 16, perSecond: 1 }
/**
 * This long after a request of a flood half-open transfers repeat nothing, and their timers are put off by as much, in milliseconds. Their
 * clients ask again.
 */
const FLOOD_REPEAT_MS = 1000
/** Forged datagrams must not make a storm of answers. */
const STRAY_ANSWERS = { burst: 100, perSecond: 100 }
const UNKNOWN_TID = encodePeerError(WIRE_ERROR.unknownTid, 'Unknown transfer ID')

export class Endpoint<Io = unknown, Content = unknown> {
  /** Datagrams at the listening port: no requests, requests said again, requests turned away. */
  readonly counts = { ignored: 0, repeated: 0, refused: 0 }
  readonly #config: EndpointConfig<Io, Content>
  readonly #sink: EndpointSink<Io, Content>
  readonly #admission: Admission<Transfer<Io, Content>>
  readonly #lifecycle: Lifecycle<Io, Content>
  readonly #refusedEvents = new RateLimiter(REFUSED_EVENTS)
  readonly #droppedEvents = new RateLimiter(DROPPED_EVENTS)
  readonly #strayAnswers = new RateLimiter(STRAY_ANSWERS)
  readonly #replacedHalfOpen = new RateLimiter(REPLACED_HALF_OPEN)
  readonly #openTimeoutMs: number
  /** When a request of a flood was turned away last. */
  #floodedAt = -Infinity
  readonly #idStep: number
  #nextId: number

  constructor(config: EndpointConfig<Io, Content>, sink: EndpointSink<Io, Content>) {
    this.#config = config
    this.#sink = sink
    this.#admission = new Admission({
      maxTransfers: config.maxTransfers ?? DEFAULT_MAX_TRANSFERS,
      maxTransfersPerAddress: config.maxTransfersPerAddress ?? DEFAULT_MAX_TRANSFERS_PER_ADDRESS,
      maxHalfOpen: config.maxHalfOpen ?? DEFAULT_MAX_HALF_OPEN,
    })
    this.#lifecycle = new Lifecycle(this.#admission, sink)
    this.#nextId = config.firstId ?? 1
    this.#idStep = config.idStep ?? 1
    this.#openTimeoutMs = config.openTimeoutMs ?? DEFAULT_OPEN_TIMEOUT_MS
  }

  /** Transfers that hold a place: opening, running, or staying to answer repeats. */
  get size(): number {
    return this.#admission.size
  }

  /** Those of them whose peer has not answered yet. */
  get halfOpen(): number {
    return this.#admission.halfOpen
  }

  transfers(): Iterable<Transfer<Io, Content>> {
    return this.#admission.all()
  }

  /** The transfer with this id that holds a place; undefined when there is none. */
  byId(id: number): Transfer<Io, Content> | undefined {
    for (const transfer of this.#admission.all()) if (transfer.id === id) return transfer
    return undefined
  }

  /** The last packets of `transfer`, as `readTrace` reads them; of its events it can still be asked for in the last. */
  traceOf(transfer: Transfer<Io, Content>): Uint32Array {
    return transfer.slot < 0 ? new Uint32Array(0) : this.#lifecycle.traces.copy(transfer.slot)
  }

  /** A datagram reached a listening socket. Anything but an RRQ or WRQ gets one ERROR at most. */
  handleRequest(now: number, peer: Peer, buffer: Uint8Array, offset: number, length: number): void {
    this.#lifecycle.checkOutermost()
    const began = this.#lifecycle.beginSeries(now)
    try {
      // Port 0 takes no answer.
      if (peer.port === 0) return
      if (this.#isOneOfAFlood(now, peer)) {
        this.#floodedAt = now
        this.counts.refused++
      } else this.#requested(peer, readAtDoor(buffer, offset, length, this.#config.writable))
    } finally {
      this.#lifecycle.endSeries(began)
    }
  }

  /** A datagram reached the TID of `transfer`. */
  handleDatagram(
    now: number,
    transfer: Transfer<Io, Content>,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const lifecycle = this.#lifecycle
    lifecycle.checkOutermost()
    transfer.heardAt = now
    const machine = lifecycle.begin(now, transfer)
    if (machine !== undefined) {
      transfer.timeoutsAtHeard = machine.counters[COUNTER.timeouts]
      lifecycle.traces.received(transfer.slot, now - transfer.requestedAt, buffer, offset, length)
      try {
        machine.handleDatagram(now, buffer, offset, length)
      } catch (thrown) {
        lifecycle.broke(transfer, thrown)
      }
    }
    lifecycle.end(transfer)
  }

  /** ICMP says that no program listens at the peer's port. */
  handleUnreachable(now: number, transfer: Transfer<Io, Content>): void {
    this.#lifecycle.run(now, transfer, (machine) => machine.handleUnreachable(now))
  }

  /** The deadline came due, and every datagram that had arrived has been handled. Early calls are harmless. */
  handleTimer(now: number): void {
    const { wheel } = this.#lifecycle
    this.#lifecycle.checkOutermost()
    const began = this.#lifecycle.beginSeries(now)
    try {
      // Bounded: a transfer that wants to be called again at once waits for what arrives meanwhile.
      for (let left = wheel.size; left > 0; left--) {
        const slot = wheel.pop(now)
        if (slot < 0) break
        const transfer = this.#admission.at(slot)
        if (transfer !== undefined) this.#due(now, transfer)
      }
    } finally {
      this.#lifecycle.endSeries(began)
    }
  }

  /**
   * The content of an RRQ is open: `sizeBytes` as it will be sent. False when the transfer is over: when that happened
   * before this call the owner lets go of what it opened, because `close` was called before it had it. With `session` the client joins
   * that one, and `sendBlocks` is for its group; the owner calls `leave` of the machine when it closes the transfer.
   */
  acceptRead(
    now: number,
    transfer: Transfer<Io, Content>,
    sizeBytes: number,
    session?: MulticastSession<GroupMember>,
  ): boolean {
    return this.#accept(now, transfer, () => {
      if (session !== undefined) return this.#join(transfer, sizeBytes, session)
      const agreed = negotiateRead(transfer.request, sizeBytes, this.#limitsOf(transfer))
      requireNumbers(transfer, agreed, sizeBytes)
      transfer.agreed = agreed
      transfer.sizeBytes = sizeBytes
      const { policy, device, allowance } = this.#config.prepare(transfer, agreed)
      const create = this.#config.createSender ?? ((config, policy, sink) => new Sender(config, policy, sink))
      const config = {
        sizeBytes,
        ...agreedForSender(agreed),
        oack: oackOf(agreed),
        near: transfer.peer.near,
        addressValidated: false,
        label: transfer,
        ...device,
        ...(allowance === undefined ? {} : { allowance }),
      }
      return create(config, policy, transfer)
    })
  }

  /** The target of a WRQ is open. False as in `acceptRead`. */
  acceptWrite(now: number, transfer: Transfer<Io, Content>): boolean {
    return this.#accept(now, transfer, () => {
      const agreed = negotiateWrite(transfer.request, this.#limitsOf(transfer))
      requireNumbers(transfer, agreed, agreed.tsizeBytes ?? 0)
      transfer.agreed = agreed
      transfer.sizeBytes = agreed.tsizeBytes
      const create = this.#config.createReceiver ?? ((config, sink) => new Receiver(config, sink))
      const config = {
        ...agreedForReceiver(agreed),
        // netascii changes the size on its way, and 0 says that the client does not know it.
        sizeBytes: transfer.request.mode === 'octet' && agreed.tsizeBytes !== 0 ? agreed.tsizeBytes : undefined,
        oack: oackOf(agreed),
        acknowledgeRequest: true,
        near: transfer.peer.near,
        addressValidated: false,
        label: transfer.label,
        onlyWhenAsked: takesAnyAck(transfer.request),
      }
      return create(config, transfer)
    })
  }

  /** The owner cannot or will not serve it: the peer gets an ERROR with `error.wireCode`, the event is `refused`. */
  refuse(now: number, transfer: Transfer<Io, Content>, error: ForesendError): void {
    this.#lifecycle.giveUp(now, transfer, 'refused', error)
  }

  /** The bytes of a finished upload are on disk, or `error` says why not. */
  handleStored(now: number, transfer: Transfer<Io, Content>, error?: ForesendError): void {
    this.#lifecycle.stored(now, transfer, error)
  }

  /** Our side ends the transfer: the peer gets an ERROR, the event is `failed`. One already decided is let go. */
  abort(now: number, transfer: Transfer<Io, Content>, error: ForesendError): void {
    this.#lifecycle.giveUp(now, transfer, 'failed', error)
  }

  /** `abort` for every transfer. */
  abortAll(now: number, error: ForesendError): void {
    const began = this.#lifecycle.beginSeries(now)
    try {
      for (const transfer of this.#admission.all()) this.abort(now, transfer, error)
    } finally {
      this.#lifecycle.endSeries(began)
    }
  }

  /**
   * A datagram reached a socket that several transfers share and belongs to none of them: returns ERROR 5 for its sender (RFC 1350
   * §4). Nothing answers an ERROR or what is no packet of a transfer, nor a flood.
   */
  handleStray(now: number, buffer: Uint8Array, offset: number, length: number): Uint8Array | undefined {
    this.counts.ignored++
    const opcode = length < HEADER_BYTES ? 0 : readOpcode(buffer, offset, length)
    const isTransfers = opcode === OPCODE.data || opcode === OPCODE.ack
    return isTransfers && this.#strayAnswers.take(now) ? UNKNOWN_TID : undefined
  }

  /**
   * Whether it would be turned away whatever it says, and without an event: a flood comes from addresses that nothing is known of, and
   * to read each of its requests takes the time of running transfers.
   */
  #isOneOfAFlood(now: number, { address }: Peer): boolean {
    return (
      this.#admission.isCrowded &&
      !this.#replacedHalfOpen.lets(now) &&
      !this.#refusedEvents.lets(now) &&
      !this.#admission.knows(address)
    )
  }

  /** Acts on what came to the listening port. */
  #requested(peer: Peer, reading: Reading): void {
    switch (reading.verdict) {
      case 'silence':
        this.counts.ignored++
        return
      case 'answer':
        this.counts.ignored++
        this.#reply(peer, WIRE_ERROR.illegal, reading.peerText)
        return
      case 'reject':
        this.#reply(peer, reading.wireCode, reading.peerText ?? peerTextFor(reading.code, reading.wireCode))
        this.#turnAway(peer, reading.request, () => deniedError(peer, reading))
        return
      case 'request': {
        const { isCrowded } = this.#admission
        if (this.#makeWay(peer, reading.request)) this.#admit(peer, reading.request, isCrowded)
      }
    }
  }

  /** Ends what the request replaces and, where there is no room, what has to go for it. False leaves it unanswered. */
  #makeWay(peer: Peer, request: Request): boolean {
    const { now } = this.#lifecycle
    const running = this.#admission.find(peer)
    // The final ACK travels to another socket than the next request, and may be read after it.
    if (running?.answered === true && !sameRequest(running.request, request)) {
      this.#lifecycle.run(now, running, (machine) => machine.handleNextRequest?.(now))
    }
    const existing = running === undefined ? undefined : this.#admission.find(peer)
    if (existing !== undefined && judgeRepeat(existing, request, now) === 'ignore') {
      this.#noteRepeat(existing, request)
      // The first one since the last packet: what comes later is measured from it.
      if (existing.askedAgainAt <= existing.heardAt) existing.askedAgainAt = now
      if (!existing.answered) this.#lifecycle.run(now, existing, (machine) => machine.handleRepeatedRequest?.(now))
      return false
    }
    const over = existing ?? this.#admission.abandoned(peer, request, now)
    const halfOpen = over === undefined ? this.#admission.halfOpenUpload(peer, request) : undefined
    if (halfOpen !== undefined) {
      this.#noteRepeat(halfOpen, request)
      return false
    }
    // No ERROR goes to it: the device may be at the same port, and old firmware does not look at ports at all.
    if (over !== undefined) this.#lifecycle.drop(over, 'superseded', supersededError(over))

    const room = this.#admission.room(peer)
    if (room === 'full' || (room !== 'none' && !this.#replacedHalfOpen.take(now))) {
      this.#turnAway(peer, request, (transfer) => busyError(transfer, this.size))
      return false
    }
    if (room !== 'none') this.#dropHalfOpen(room)
    return true
  }

  #dropHalfOpen(transfer: Transfer<Io, Content>): void {
    transfer.quiet ||= !this.#droppedEvents.take(this.#lifecycle.now)
    const error = transfer.quiet ? DROPPED_QUIETLY : droppedError(transfer)
    this.#lifecycle.drop(transfer, 'failed', error)
  }

  /** `request` starts nothing: `existing` is what its client waits for. */
  #noteRepeat(existing: Transfer<Io, Content>, request: Request): void {
    this.counts.repeated++
    this.#lifecycle.traces.requested(existing.slot, this.#lifecycle.now - existing.requestedAt, request.opcode)
  }

  #limitsOf(transfer: Transfer<Io, Content>): Limits {
    return this.#config.limitsOf?.(transfer) ?? this.#config.limits
  }

  #takeId(): number {
    const id = this.#nextId
    this.#nextId += this.#idStep
    return id
  }

  #admit(peer: Peer, request: Request, quiet: boolean): void {
    const { outputs, wheel, traces, now } = this.#lifecycle
    const transfer = new Transfer<Io, Content>(outputs, wheel, this.#takeId(), peer, request, now)
    transfer.quiet = quiet
    this.#admission.add(transfer)
    traces.begin(transfer.slot)
    traces.requested(transfer.slot, 0, request.opcode)
    wheel.set(transfer.slot, now + this.#openTimeoutMs)
    this.#sink.event('requested', transfer)
    if (!transfer.closed) this.#sink.open(transfer)
  }

  /** A lone `refused` event for a request that never became a transfer, unless there were too many of them. */
  #turnAway(peer: Peer, request: Request, reason: (transfer: Transfer<Io, Content>) => ForesendError): void {
    const { outputs, wheel, now } = this.#lifecycle
    this.counts.refused++
    if (!this.#refusedEvents.take(now)) return
    const transfer = new Transfer<Io, Content>(outputs, wheel, this.#takeId(), peer, request, now)
    transfer.closed = true
    const error = withSuppressed(reason(transfer), this.#refusedEvents.takeSuppressed())
    this.#lifecycle.decide(transfer, 'refused', { status: 'failed', error })
  }

  #join(transfer: Transfer<Io, Content>, sizeBytes: number, session: MulticastSession<GroupMember>): GroupMember {
    const agreed = negotiateGroup(transfer.request, sizeBytes, this.#limitsOf(transfer), session.group)
    transfer.agreed = agreed
    transfer.sizeBytes = sizeBytes
    const { allowance } = this.#config.prepare(transfer, agreed)
    const { blksize, oack } = agreed
    const { peer, label } = transfer
    const config = { session, sizeBytes, blksize, oack, near: peer.near, label }
    return new GroupMember(allowance === undefined ? config : { ...config, allowance }, transfer)
  }

  #accept(now: number, transfer: Transfer<Io, Content>, create: () => TransferMachine): boolean {
    if (transfer.closed || transfer.machine !== undefined) {
      this.#lifecycle.finish()
      return false
    }
    this.#lifecycle.now = now
    try {
      transfer.machine = create()
    } catch (thrown) {
      this.#lifecycle.broke(transfer, thrown)
    }
    this.#lifecycle.run(now, transfer, (machine) => machine.start(now))
    return !transfer.closed
  }

  #due(now: number, transfer: Transfer<Io, Content>): void {
    if (transfer.machine === undefined) {
      this.#lifecycle.fail(transfer, 'failed', openTimeoutError(transfer, this.#openTimeoutMs))
      return
    }
    const { wheel } = this.#lifecycle
    const isFlooded = now - this.#floodedAt < FLOOD_REPEAT_MS
    if (isFlooded && !transfer.answered) return wheel.set(transfer.slot, now + FLOOD_REPEAT_MS)
    const machine = this.#lifecycle.begin(now, transfer)
    try {
      if (machine !== undefined) {
        machine.handleTimer(now)
        wheel.notBefore(transfer.slot, now + MIN_REST_MS)
      }
    } catch (thrown) {
      this.#lifecycle.broke(transfer, thrown)
    }
    this.#lifecycle.end(transfer)
  }

  #reply(peer: Peer, wireCode: number, text: string): void {
    const packet = encodePeerError(wireCode, text)
    this.#sink.reply(peer, packet, packet.length)
  }
}

/** Throws ERR_TFTP_TOO_LARGE for a file that has more blocks than the agreement has numbers. */
function requireNumbers(transfer: Transfer, agreed: Agreed, sizeBytes: number): void {
  const { blksize } = agreed
  if (Math.floor(sizeBytes / blksize) + 1 > lastNumberedSeq(agreed)) throw tooManyBlocksError(transfer, blksize)
}
