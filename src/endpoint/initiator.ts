/**
 * A transfer that we ask for: sends the request, repeats it, takes the first answer's port as the server's TID, and from
 * then on is a thin shell around a Receiver (RRQ) or a Sender (WRQ). Sans-IO, with the contract of transfer/contract.ts.
 *
 * A server that is silent to any request with options gets plain requests in between. Each of the two kinds has a local port of
 * its own: an answer says which request it is for, even from a server that takes seconds to answer, and two transfers that a
 * server began can never mix their blocks. The first answer decides; the other port closes. The plain request of an upload may be refused
 * because the other one has begun it: that is not the end (rule R1). A device that receives on its one port may see the other request
 * later, and follow that one: until DATA 1 is acknowledged the other port of an upload may stay open (rule R6).
 */
import { type ForesendError, peerTextFor } from '../error.ts'
import {
  encodePeerError,
  encodeRequest,
  escapeText,
  HEADER_BYTES,
  OPCODE,
  type Option,
  parseError,
  parseOack,
  readBlock,
  readOpcode,
  WIRE_ERROR,
} from '../packet/index.ts'
import { type Counters, type Machine, newCounters } from '../transfer/contract.ts'
import { type Agreed, acceptOack, DEFAULT_BLKSIZE } from '../transfer/negotiate.ts'
import type { Receiver } from '../transfer/receiver.ts'
import { acceptGroupOack } from '../transfer/multicast/group-agreement.ts'
import type { FirstRoundTrip } from '../transfer/rto.ts'
import type { GroupReceiver } from '../transfer/multicast/receiver.ts'
import { Oddities } from '../transfer/oddities.ts'
import { badOack, lastAckNeeded, noAnswer, portClosed, oddAnswer, refusedByPeer } from './initiator-faults.ts'
import type { InitiatorConfig, InitiatorSink, RequestKind } from './initiator-contract.ts'
import { createGroupReceiver, createReceiver, createSender } from './initiator-machines.ts'

/** This many requests with options stay unanswered before each plain one. */
const REQUESTS_BEFORE_PLAIN = 2
const TFTP_PORT = 69
/** A device's recovery window can be a second: ask five times in it. */
const WAIT_REPEAT_MS = 200
const SLOWEST_REQUEST_MS = 4000
/**
 * A server that knows options has begun the upload of a request with options whose answer was lost, and refuses the plain request for the
 * same name. For this long after that the request with options is repeated.
 */
const OWN_UPLOAD_MS = 3000
/** Servers refuse a second upload to one name with one of these. */
const BUSY_CODES: ReadonlySet<number> = new Set([WIRE_ERROR.undefined, WIRE_ERROR.access])
/** What answers a repeated request so soon is the answer to the last one (rule R4). */
const AT_ONCE_MS = 5
/** Rule R6: the transfer moves to the other request when its answer is this old and DATA 1 is due again. */
const OTHER_FOLLOWED_MS = 200
const NO_COUNTERS = newCounters()

export type { InitiatorConfig, InitiatorSink, RequestKind } from './initiator-contract.ts'

/** Requests of one kind. */
interface Asked {
  readonly firstAt: number
  lastAt: number
}

/** The request of an upload that was not answered first. */
interface OtherRequest {
  readonly kind: RequestKind
  /** What it was answered with, from the port of the transfer, behind all that came for the transfer itself. */
  answer: { readonly at: number; readonly agreed: Agreed } | undefined
}

export class Initiator implements Machine {
  /** Why the transfer runs without the options that were asked for; undefined when it does not. */
  fallback: string | undefined
  /** Requests sent, repeats included. */
  requests = 0

  readonly #config: InitiatorConfig
  readonly #sink: InitiatorSink
  readonly #packets: Partial<Record<RequestKind, Uint8Array>> = {}
  readonly #asked: Partial<Record<RequestKind, Asked>> = {}
  /** The kind of the request that was answered. Before an answer: `options`, or `plain` when there are none or they were refused. */
  #kind: RequestKind
  #machine: Machine | undefined
  #receiver: Receiver | GroupReceiver | undefined
  #port = 0
  #blksize = 0
  /** Rule R6: until the first block is acknowledged. */
  #other: OtherRequest | undefined
  /** The other request was made too, of a server that has one port and may have one transfer only. */
  #maySeeOther = false
  #startedAt = 0
  #ranAt = 0
  #tries = 0
  /** Datagrams from the server that answer no request. */
  readonly #odd = new Oddities()
  #nextAt = Infinity
  #over = false
  /** The plain request was refused, maybe for an upload that our other request began. */
  #refusal: { readonly at: number; readonly error: ForesendError } | undefined

  constructor(config: InitiatorConfig, sink: InitiatorSink) {
    this.#config = config
    this.#sink = sink
    this.#kind = config.options.length > 0 ? 'options' : 'plain'
  }

  get counters(): Counters {
    return this.#machine?.counters ?? NO_COUNTERS
  }

  get closed(): boolean {
    return this.#machine?.closed ?? this.#over
  }

  /** True until the server answered. */
  get halfOpen(): boolean {
    return this.#machine === undefined
  }

  get progressAt(): number {
    return this.#machine?.progressAt ?? this.#startedAt
  }

  start(now: number): void {
    this.#startedAt = now
    this.#send(now, this.#kind)
    this.#arm()
  }

  /** A datagram from the server's address: `port` is the one it came from, `kind` that of the local port where it arrived. */
  handleDatagram(
    now: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    port = this.#port,
    kind: RequestKind = this.#kind,
  ): void {
    if (this.#machine === undefined) {
      const isDropped = kind === 'options' ? this.#kind === 'plain' : this.#refusal !== undefined
      if (!this.#over && !isDropped) this.#first(now, kind, port, buffer, offset, length)
      this.#arm()
    } else if (kind !== this.#kind) this.#otherAnswered(now, kind, port, buffer, offset, length)
    else if (port !== this.#port) this.#refuseOther(port, buffer, offset, length)
    else if (this.#other === undefined) this.#machine.handleDatagram(now, buffer, offset, length)
    else this.#undecided(now, this.#machine, this.#other, buffer, offset, length)
  }

  handleTimer(now: number): void {
    if (this.#machine !== undefined) {
      const answeredAt = this.#other?.answer?.at ?? Infinity
      if (now >= answeredAt + OTHER_FOLLOWED_MS) this.#followOther(now)
      else this.#machine.handleTimer(now)
      return
    }
    if (!this.#over && now >= this.#nextAt) this.#askAgain(now)
    this.#arm()
  }

  handleUnreachable(now: number): void {
    if (this.#machine !== undefined) {
      this.#machine.handleUnreachable(now)
      return
    }
    if (!this.#over && this.#config.waitMs === 0) this.#end(portClosed(this.#config.label))
    this.#arm()
  }

  /** Sends no ERROR before the server has answered: there is no TID to send it to. */
  abort(now: number, error: ForesendError): void {
    if (this.#machine !== undefined) {
      this.#machine.abort(now, error)
      return
    }
    if (!this.#over) this.#end(error)
    this.#arm()
  }

  /** The bytes of a read are safe, or `error` says why not. */
  handleStored(now: number, error?: ForesendError): void {
    this.#receiver?.handleStored(now, error)
  }

  #send(now: number, kind: RequestKind): void {
    this.requests++
    const asked = (this.#asked[kind] ??= { firstAt: now, lastAt: now })
    asked.lastAt = now
    this.#sink.request(kind, (this.#packets[kind] ??= this.#encode(kind)))
    const { requestMs, waitMs } = this.#config
    const slowestMs = Math.max(requestMs, SLOWEST_REQUEST_MS)
    const backoffMs = Math.min(requestMs * 2 ** Math.min(this.#tries, 10), slowestMs)
    this.#nextAt = now + (waitMs > 0 ? Math.min(requestMs, WAIT_REPEAT_MS) : backoffMs)
  }

  /** Each kind has its own port, so the repeats of one leave the sample of the other. */
  #roundTrip(now: number, kind: RequestKind): FirstRoundTrip {
    const { firstAt, lastAt } = this.#asked[kind] ?? { firstAt: now, lastAt: now }
    return { ms: now - (now - lastAt <= AT_ONCE_MS ? lastAt : firstAt), isSample: firstAt === lastAt }
  }

  #encode(kind: RequestKind): Uint8Array {
    const { direction, filename, mode } = this.#config
    const opcode = direction === 'read' ? OPCODE.rrq : OPCODE.wrq
    return encodeRequest({ opcode, filename, mode, options: this.#optionsOf(kind) })
  }

  #optionsOf(kind: RequestKind): readonly Option[] {
    return kind === 'options' ? this.#config.options : []
  }

  #askAgain(now: number): void {
    if (this.#hasAskedEnough(now)) {
      this.#end(this.#refusal?.error ?? this.#unanswered(now - this.#startedAt))
      return
    }
    this.#tries++
    const isPlainTurn = this.#tries % (REQUESTS_BEFORE_PLAIN + 1) === REQUESTS_BEFORE_PLAIN
    this.#send(now, isPlainTurn && this.#refusal === undefined ? 'plain' : this.#kind)
  }

  #hasAskedEnough(now: number): boolean {
    if (this.#refusal !== undefined) return now >= this.#refusal.at + OWN_UPLOAD_MS
    const { waitMs, retries } = this.#config
    return waitMs > 0 ? now - this.#startedAt >= waitMs : this.#tries >= retries
  }

  #unanswered(waitedMs: number): ForesendError {
    const { label, direction, options } = this.#config
    const unanswered = { label, requests: this.requests, waitedMs, seen: this.#sink.seen() }
    if (this.#odd.count === 0) return noAnswer(unanswered)
    const plainAnswer = direction === 'read' ? 'DATA 1' : 'ACK 0'
    return oddAnswer(unanswered, String(this.#odd), options.length > 0 ? `an OACK or ${plainAnswer}` : plainAnswer)
  }

  /** The first answer decides kind and TID. What makes no sense as one is passed over: another may follow. */
  #first(now: number, kind: RequestKind, port: number, buffer: Uint8Array, offset: number, length: number): void {
    const opcode = readOpcode(buffer, offset, length)
    const block = length >= HEADER_BYTES ? readBlock(buffer, offset) : -1
    if (opcode === OPCODE.oack) this.#oack(now, kind, port, buffer, offset, length)
    else if (opcode === OPCODE.error) this.#refused(now, kind, port, buffer, offset, length)
    else if (opcode === OPCODE.data && block === 1 && this.#config.direction === 'read') {
      this.#run(now, kind, port, this.#plain(), false)
      this.#machine?.handleDatagram(now, buffer, offset, length)
    } else if (opcode === OPCODE.ack && block === 0 && this.#config.direction === 'write') {
      this.#run(now, kind, port, this.#plain(), false)
    } else this.#odd.note(buffer, offset, length, port)
  }

  /** What is agreed with a server that knows no options: the values of RFC 1350. */
  #plain(): Agreed {
    const none = acceptOack([], [])
    if (!none.ok) throw new Error('no options are always acceptable')
    return none.value
  }

  #oack(now: number, kind: RequestKind, port: number, buffer: Uint8Array, offset: number, length: number): void {
    const parsed = parseOack(buffer, offset, length)
    const accepted = parsed.ok ? this.#accepted(kind, parsed.value) : parsed
    if (accepted.ok) {
      const { agreed, answer } = accepted.value
      this.#run(now, kind, port, agreed, true, answer?.isMaster)
      return
    }
    const { reason, wireCode } = accepted
    this.#sink.drop(kind, port, encodePeerError(WIRE_ERROR.option, peerTextFor('ERR_TFTP_OPTION', WIRE_ERROR.option)))
    if (kind === 'options') this.#withoutOptions(now, `the server answered them wrongly: ${reason}`)
    else this.#end(badOack(this.#config.label, reason, wireCode))
  }

  #accepted(kind: RequestKind, answered: readonly Option[]): ReturnType<typeof acceptGroupOack> {
    const offered = this.#optionsOf(kind)
    if (this.#config.multicast === true) return acceptGroupOack(offered, answered)
    const accepted = acceptOack(offered, answered)
    return accepted.ok ? { ok: true, value: { agreed: accepted.value, answer: undefined } } : accepted
  }

  #refused(now: number, kind: RequestKind, port: number, buffer: Uint8Array, offset: number, length: number): void {
    const parsed = parseError(buffer, offset, length)
    const packet = parsed.ok ? parsed.value : { wireCode: WIRE_ERROR.undefined, message: '' }
    const { wireCode, message } = packet
    // Old servers call a request with options illegal, or give no reason that a program could read.
    const maybeOptions =
      // A code that no RFC has is PyTFTPd's answer to options (9).
      wireCode >= WIRE_ERROR.option || wireCode === WIRE_ERROR.illegal || wireCode === WIRE_ERROR.undefined
    this.#sink.drop(kind, port, undefined)
    const error = refusedByPeer(this.#config.label, packet)
    const maybeOwnUpload = this.#config.direction === 'write' && this.#kind !== kind
    if (maybeOptions && kind === 'options') {
      this.#withoutOptions(now, `the server refused them with ERROR ${wireCode} "${escapeText(message)}"`)
    } else if (maybeOwnUpload && BUSY_CODES.has(wireCode)) {
      this.#refusal = { at: now, error }
      this.#tries = 0
      this.#send(now, 'options')
    } else this.#end(error)
  }

  /** From now on in plain RFC 1350; `reason` is what was wrong with the request with options. */
  #withoutOptions(now: number, reason: string): void {
    this.fallback = reason
    this.#kind = 'plain'
    this.#tries = 0
    this.#send(now, 'plain')
  }

  /** `isMaster`: in a group, whether the server lets us lead. */
  #run(now: number, kind: RequestKind, port: number, agreed: Agreed, oack: boolean, isMaster = false): void {
    if (kind === 'plain' && this.#config.options.length > 0) {
      this.fallback ??= 'the server did not answer the requests with options'
    }
    const other = this.#otherOf(kind)
    this.#maySeeOther = other !== undefined && port === (this.#config.port ?? TFTP_PORT)
    this.#kind = kind
    this.#port = port
    this.#sink.lock(kind, port)
    if (other !== undefined && this.#config.direction === 'write') this.#other = { kind: other, answer: undefined }
    else if (other !== undefined) this.#sink.drop(other, port, undefined)
    this.#begin(now, agreed, oack, this.#roundTrip(now, kind), isMaster)
  }

  #begin(now: number, agreed: Agreed, oack: boolean, roundTrip: FirstRoundTrip, isMaster: boolean): void {
    this.#ranAt = now
    this.#blksize = agreed.blksize
    this.#sink.agreed(agreed)
    if (agreed.group !== undefined) {
      this.#receiver = createGroupReceiver(this.#config, agreed, agreed.group, isMaster, this.#sink)
      this.#machine = this.#receiver
    } else if (this.#config.direction === 'read') {
      this.#receiver = createReceiver(this.#config, agreed, oack, roundTrip, this.#sink)
      this.#machine = this.#receiver
    } else {
      const { sizeBytes, label } = this.#config
      const mayEndWithFirst =
        this.#maySeeOther && sizeBytes < 2 * agreed.blksize && this.#otherBlksize() > agreed.blksize
      const sink = mayEndWithFirst ? lastAckNeeded(this.#sink, label) : this.#sink
      this.#machine = createSender(this.#config, agreed, roundTrip, sink)
    }
    this.#machine.start(now)
  }

  /** The largest block that the other request can have led to. */
  #otherBlksize(): number {
    const offered = this.#kind === 'plain' ? this.#config.options.find(({ name }) => name === 'blksize') : undefined
    return offered === undefined ? DEFAULT_BLKSIZE : Number(offered.value)
  }

  /** The other kind, where it was asked for and not refused. Before the answer to `kind` is believed. */
  #otherOf(kind: RequestKind): RequestKind | undefined {
    const other = kind === 'options' ? 'plain' : 'options'
    const isRefused = other === 'options' ? this.#kind === 'plain' : this.#refusal !== undefined
    return isRefused || this.#asked[other] === undefined ? undefined : other
  }

  /**
   * Rule R6: an ACK 0 or an OACK at the other port. Never to larger blocks: DATA 1 as it left before would look like the end of the file to a
   * device that takes it from any port.
   */
  #otherAnswered(
    now: number,
    kind: RequestKind,
    port: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    if (this.#other === undefined || port !== this.#port) return
    const opcode = readOpcode(buffer, offset, length)
    let agreed: Agreed | undefined
    if (isAckZero(opcode, buffer, offset, length)) agreed = this.#plain()
    else if (opcode === OPCODE.oack) {
      const parsed = parseOack(buffer, offset, length)
      const accepted = parsed.ok ? acceptOack(this.#optionsOf(kind), parsed.value) : parsed
      if (accepted.ok) agreed = accepted.value
    }
    if (agreed !== undefined && agreed.blksize <= this.#blksize) this.#other.answer = { at: now, agreed }
  }

  /** Rule R6: what comes for the transfer until DATA 1 is acknowledged. */
  #undecided(
    now: number,
    machine: Machine,
    other: OtherRequest,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const opcode = readOpcode(buffer, offset, length)
    if (opcode === OPCODE.error && other.answer !== undefined) {
      this.#followOther(now)
      return
    }
    if (opcode === OPCODE.oack || isAckZero(opcode, buffer, offset, length)) other.answer = undefined
    machine.handleDatagram(now, buffer, offset, length)
    if (machine.progressAt !== this.#ranAt || machine.closed) this.#dropOther(other.kind)
  }

  #dropOther(kind: RequestKind): void {
    this.#other = undefined
    this.#sink.drop(kind, this.#port, undefined)
  }

  /** Rule R6: the server has one transfer, and that of the other request took the place of ours. Nothing is stored yet. */
  #followOther(now: number): void {
    const { kind, answer } = this.#other!
    const before = this.#kind
    this.fallback = kind === 'plain' ? 'the server follows the request without options' : undefined
    this.#kind = kind
    this.#sink.lock(kind, this.#port)
    this.#dropOther(before)
    const { firstAt } = this.#asked[kind]!
    this.#begin(now, answer!.agreed, false, { ms: answer!.at - firstAt, isSample: false }, false)
  }

  /** A server that got two of our requests may have begun twice: its second TID gets ERROR 5 (RFC 1350 §4). */
  #refuseOther(port: number, buffer: Uint8Array, offset: number, length: number): void {
    const opcode = readOpcode(buffer, offset, length)
    if (opcode !== OPCODE.data && opcode !== OPCODE.ack && opcode !== OPCODE.oack) return
    this.#sink.refuse(port, encodePeerError(WIRE_ERROR.unknownTid, 'Unknown transfer ID'))
  }

  #end(error: ForesendError): void {
    this.#over = true
    this.#sink.ended({ status: 'failed', error })
  }

  /** The machine names its own deadlines once it runs. */
  #arm(): void {
    if (this.#machine === undefined) this.#sink.deadline(this.#over ? Infinity : this.#nextAt)
  }
}

function isAckZero(opcode: number, buffer: Uint8Array, offset: number, length: number): boolean {
  return opcode === OPCODE.ack && length >= HEADER_BYTES && readBlock(buffer, offset) === 0
}
