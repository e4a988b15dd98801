/**
 * A transfer that we ask for: sends the request, repeats it, takes the first answer's port as the server's TID, and from
 * then on is a thin shell around a Receiver (RRQ) or a Sender (WRQ). Sans-IO, same manners as transfer/contract.ts.
 */
import { type ForesendError, peerTextFor } from '../error.ts'
import {
  encodePeerError,
  encodeRequest,
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
import { type Agreed, acceptOack } from '../transfer/negotiate.ts'
import type { Receiver } from '../transfer/receiver.ts'
import { Oddities } from '../transfer/oddities.ts'
import { badOack, noAnswer, nobodyListens, oddAnswer, refusedByPeer } from './initiator-faults.ts'
import type { InitiatorConfig, InitiatorSink } from './initiator-contract.ts'
import { createReceiver, createSender } from './initiator-machines.ts'

/** After this many unanswered requests the other kind, with or without options, takes its turn. */
const REQUESTS_BEFORE_TURN = 2
/** A device's recovery window can be a second: ask five times in it. */
const WAIT_REPEAT_MS = 200
const SLOWEST_REQUEST_MS = 4000
const NO_COUNTERS = newCounters()

export type { InitiatorConfig, InitiatorSink } from './initiator-contract.ts'

export class Initiator implements Machine {
  /** Why the options were dropped and the request sent again without; undefined when they were not. */
  fallback: string | undefined
  /** Requests sent, repeats included. */
  requests = 0

  readonly #config: InitiatorConfig
  readonly #sink: InitiatorSink
  #options: readonly Option[]
  #packet: Uint8Array = new Uint8Array(0)
  #machine: Machine | undefined
  #receiver: Receiver | undefined
  #port = 0
  #startedAt = 0
  #tries = 0
  /** When the first request with the present options left. */
  #kindSince = 0
  /** What came before an answer and is none. */
  readonly #odd = new Oddities()
  #nextAt = Infinity
  #over = false

  constructor(config: InitiatorConfig, sink: InitiatorSink) {
    this.#config = config
    this.#sink = sink
    this.#options = config.options
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
    this.#ask(now)
    this.#arm()
  }

  /** A datagram from the server's address; `port` is the one it came from. */
  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number, port = this.#port): void {
    if (this.#machine === undefined) {
      if (!this.#over) this.#first(now, port, buffer, offset, length)
      this.#arm()
    } else if (port === this.#port) this.#machine.handleDatagram(now, buffer, offset, length)
    else this.#refuseOther(port, buffer, offset, length)
  }

  handleTimer(now: number): void {
    if (this.#machine !== undefined) {
      this.#machine.handleTimer(now)
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
    if (!this.#over && this.#config.waitMs === 0) this.#end(nobodyListens(this.#config.label))
    this.#arm()
  }

  /** Before the server has answered nobody is told: there is no TID to tell. */
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

  #ask(now: number): void {
    this.#tries = 0
    this.#beginKind(now)
    this.#send(now)
  }

  #beginKind(now: number): void {
    const { direction, filename, mode } = this.#config
    const opcode = direction === 'read' ? OPCODE.rrq : OPCODE.wrq
    this.#packet = encodeRequest({ opcode, filename, mode, options: this.#options })
    this.#kindSince = now
  }

  #send(now: number): void {
    this.requests++
    this.#sink.request(this.#packet)
    const { requestMs, waitMs } = this.#config
    const slowestMs = Math.max(requestMs, SLOWEST_REQUEST_MS)
    const backoffMs = Math.min(requestMs * 2 ** Math.min(this.#tries, 10), slowestMs)
    this.#nextAt = now + (waitMs > 0 ? Math.min(requestMs, WAIT_REPEAT_MS) : backoffMs)
  }

  #askAgain(now: number): void {
    const { waitMs, retries, label } = this.#config
    const waitedMs = now - this.#startedAt
    if (waitMs > 0 ? waitedMs >= waitMs : this.#tries >= retries) {
      const came = String(this.#odd)
      const expected = this.#config.direction === 'read' ? 'an OACK or DATA 1' : 'an OACK or ACK 0'
      this.#end(
        came === ''
          ? noAnswer(label, this.requests, waitedMs, this.#sink.seen())
          : oddAnswer(label, this.requests, waitedMs, came, expected),
      )
      return
    }
    this.#tries++
    this.#takeTurns(now)
    this.#send(now)
  }

  /**
   * Some servers are silent to any request with options: the plain request takes turns with it. Each turn has a port of its own, so
   * that an answer says which request it is for, and lasts long enough for a slow server.
   */
  #takeTurns(now: number): void {
    const { options, requestMs } = this.#config
    if (options.length === 0 || this.fallback !== undefined || this.requests < REQUESTS_BEFORE_TURN) return
    if (now - this.#kindSince < REQUESTS_BEFORE_TURN * requestMs) return
    this.#options = this.#options.length === 0 ? options : []
    this.#sink.reopen()
    this.#beginKind(now)
  }

  /** The first answer decides the TID. What makes no sense as one is passed over: another may follow. */
  #first(now: number, port: number, buffer: Uint8Array, offset: number, length: number): void {
    const opcode = readOpcode(buffer, offset, length)
    const block = length >= HEADER_BYTES ? readBlock(buffer, offset) : -1
    if (opcode === OPCODE.oack) this.#oack(now, port, buffer, offset, length)
    else if (opcode === OPCODE.error) this.#refused(now, buffer, offset, length)
    else if (opcode === OPCODE.data && block === 1 && this.#config.direction === 'read') {
      this.#run(now, port, this.#plain(), false)
      this.#machine?.handleDatagram(now, buffer, offset, length)
    } else if (opcode === OPCODE.ack && block === 0 && this.#config.direction === 'write') {
      this.#run(now, port, this.#plain(), false)
    } else this.#odd.note(buffer, offset, length, port)
  }

  /** What holds when the server knows no options: RFC 1350. */
  #plain(): Agreed {
    const none = acceptOack([], [])
    if (!none.ok) throw new Error('no options are always acceptable')
    return none.value
  }

  #oack(now: number, port: number, buffer: Uint8Array, offset: number, length: number): void {
    const parsed = parseOack(buffer, offset, length)
    const accepted = parsed.ok ? acceptOack(this.#options, parsed.value) : parsed
    if (accepted.ok) {
      this.#run(now, port, accepted.value, true)
      return
    }
    const packet = encodePeerError(WIRE_ERROR.option, peerTextFor('ERR_TFTP_OPTION', WIRE_ERROR.option))
    this.#sink.lock(port)
    this.#sink.sendControl(packet, packet.length)
    // A packet without options cannot be answered by a wrong OACK: only a server that does not read requests would.
    if (this.#options.length > 0) this.#withoutOptions(now, accepted.reason)
    else this.#end(badOack(this.#config.label, accepted.reason, accepted.wireCode))
  }

  #refused(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const parsed = parseError(buffer, offset, length)
    const error = refusedByPeer(this.#config.label, parsed.ok ? parsed.value : { wireCode: 0, message: '' })
    const { wireCode } = error
    // Old servers call a request with options illegal, or give no reason that a program could read.
    const maybeOptions =
      wireCode === WIRE_ERROR.option || wireCode === WIRE_ERROR.illegal || wireCode === WIRE_ERROR.undefined
    if (maybeOptions && this.#options.length > 0) this.#withoutOptions(now, error.message)
    else this.#end(error)
  }

  /** Once more in plain RFC 1350, from a new port, so that nothing late of the first try is mistaken for an answer. */
  #withoutOptions(now: number, reason: string): void {
    this.fallback = reason
    this.#options = []
    this.#sink.reopen()
    this.#ask(now)
  }

  #run(now: number, port: number, agreed: Agreed, oack: boolean): void {
    if (!oack && this.#options.length === 0 && this.#config.options.length > 0) {
      this.fallback ??= 'the server did not answer the request with options'
    }
    this.#port = port
    this.#sink.lock(port)
    this.#sink.agreed(agreed)
    if (this.#config.direction === 'read') {
      this.#receiver = createReceiver(this.#config, agreed, oack, this.#sink)
      this.#machine = this.#receiver
    } else this.#machine = createSender(this.#config, agreed, this.#sink)
    this.#machine.start(now)
  }

  /** A server that heard two of our requests may have begun twice; its second TID is told so (RFC 1350 §4). */
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
