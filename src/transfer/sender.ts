/**
 * The sending half of any transfer: a server's RRQ and a client's WRQ. It keeps the phases (phases.ts) and the two ends of
 * a transfer, the first contact and the final block; what happens between is a flow's business. It never knows which of
 * the two programs it runs in.
 */
import { type ErrorCode, ForesendError } from '../error.ts'
import {
  encodeErrorFor,
  escapeText,
  OPCODE,
  parseError,
  readBlock,
  readOpcode,
  seqNear,
  WIRE_ERROR,
} from '../packet/index.ts'
import { BlockFlow } from './block-flow.ts'
import {
  COUNTER,
  newCounters,
  type KnownDevice,
  type LearntDevice,
  type Machine,
  type Outcome,
  type PeerRole,
  type SenderSink,
  type WindowPolicy,
} from './contract.ts'
import { FirstContact } from './first-contact.ts'
import type { Flow, FlowParts } from './flow.ts'
import { Oddities, outOfPlace } from './oddities.ts'
import { Pacer } from './pacer.ts'
import { WaitLimits } from './wait-limits.ts'
import { SENDER_TRANSITIONS, type SenderCause, type SenderPhase, step } from './phases.ts'
import { Rto } from './rto.ts'
import { countsRepeats } from './sender-faults.ts'
import { Scoreboard } from './scoreboard.ts'
import { WindowFlow } from './window-flow.ts'

export interface SenderConfig extends KnownDevice {
  /** Bytes of the whole image; a last block of 0 bytes follows a multiple of blksize (RFC 1350 §6). */
  readonly sizeBytes: number
  readonly blksize: number
  readonly rollover: 0 | 1
  /** The encoded OACK to begin with; undefined begins with DATA 1. */
  readonly oack: Uint8Array | undefined
  readonly near: boolean
  /** The client's own retransmission timer in milliseconds. */
  readonly clientTimeoutMs: number
  /** The peer has already answered us (a client's WRQ), so that rule A5 does not limit repeats (RFC 9000 §8 calls this address validation). */
  readonly addressValidated: boolean
  /** For messages: `"file" to 10.0.0.1:2070`. */
  readonly label: string
  /** What the peer is called in messages; a client by default. */
  readonly peerRole?: PeerRole
}

/** Rule A13: how long the final ACK must stay uncontradicted after any repeat. */
const LINGER_MS = 250

export class Sender implements Machine {
  readonly counters = newCounters()
  phase: SenderPhase
  readonly #config: SenderConfig
  readonly #sink: SenderSink
  readonly #policy: WindowPolicy
  readonly #lastSeq: number
  readonly #rto = new Rto()
  readonly #waitLimits: WaitLimits
  readonly #pacer: Pacer
  readonly #flow: Flow
  readonly #offer: FirstContact
  #startedAt = 0
  #lingerUntil = Infinity
  #countsRepeats = false
  /** What had no place in the transfer since the last progress; made when the first such datagram comes. */
  #oddities: Oddities | undefined

  constructor(config: SenderConfig, policy: WindowPolicy, sink: SenderSink) {
    this.#config = config
    this.#sink = sink
    this.#policy = policy
    this.#waitLimits = new WaitLimits(config.clientTimeoutMs, this.#rto)
    this.#lastSeq = Math.floor(config.sizeBytes / config.blksize) + 1
    const board = policy.cumulative ? undefined : new Scoreboard(policy.windowBlocks)
    this.#pacer = new Pacer(sink, policy, this.counters, board)
    const parts: FlowParts = {
      config: {
        lastSeq: this.#lastSeq,
        rollover: config.rollover,
        near: config.near,
        clientTimeoutMs: config.clientTimeoutMs,
        known: config.known ?? false,
        patient: config.patient ?? false,
        peer: config.peerRole ?? 'client',
        meanwhile: () => outOfPlace(this.#oddities),
        fail: (code, reason) => this.#fail(code, reason),
      },
      policy,
      pacer: this.#pacer,
      rto: this.#rto,
      counters: this.counters,
    }
    this.#flow = board === undefined ? new WindowFlow(parts) : new BlockFlow(parts, board)
    this.#offer = new FirstContact(
      'oack',
      config.near,
      config.clientTimeoutMs,
      policy.nudges ? undefined : config.clientTimeoutMs,
    )
    this.phase = config.oack === undefined ? 'first' : 'offer'
    this.counters[COUNTER.windowBlocks] = policy.windowBlocks
  }

  get closed(): boolean {
    return this.phase === 'completed' || this.phase === 'probed' || this.phase === 'failed'
  }

  get confirmed(): boolean {
    return this.phase === 'linger'
  }

  get halfOpen(): boolean {
    return (
      !this.#config.addressValidated &&
      (this.phase === 'offer' || (this.phase === 'first' && this.#config.oack === undefined))
    )
  }

  get progressAt(): number {
    return Math.max(this.#startedAt, this.#flow.progressAt)
  }

  /** What this transfer taught about the device, for its next request. */
  learnt(): LearntDevice {
    const window = this.#policy.learnt?.()
    return {
      ...(window === undefined ? {} : { window }),
      ...(this.#countsRepeats || this.#config.patient === true ? { countsRepeats: true } : {}),
    }
  }

  start(now: number): void {
    this.#startedAt = now
    this.#waitLimits.heardAt = now
    if (this.#config.oack === undefined) this.#flow.open(now)
    else {
      this.#sendOack()
      this.#offer.started(now)
    }
    this.#settle()
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number): void {
    if (this.closed) return
    const opcode = readOpcode(buffer, offset, length)
    if (opcode === OPCODE.ack && length >= 4) {
      this.#waitLimits.heardAt = now
      const seq = seqNear(readBlock(buffer, offset), this.#pacer.highest, this.#config.rollover)
      if (this.#isOdd(seq)) this.#odd(buffer, offset, length)
      this.#ack(now, seq)
    } else if (opcode === OPCODE.error) {
      const error = parseError(buffer, offset, length)
      if (error.ok) {
        this.#odd(buffer, offset, length)
        this.#peerError(now, error.value.wireCode, error.value.message)
      } else this.#ignore(buffer, offset, length)
    } else this.#ignore(buffer, offset, length)
    this.#settle()
  }

  handleTimer(now: number): void {
    if (this.closed) return
    if (this.#offer.dueAt <= now) this.#repeatOffer(now)
    else if (this.phase === 'linger') {
      if (this.#lingerUntil <= now) this.#end('quiet', { status: 'completed' })
    } else if (!this.#givenUp(now)) {
      this.#noticeStall(now)
      if (this.phase !== 'offer' && this.#flow.dueAt <= now) this.#flowTimer(now)
    }
    this.#settle()
  }

  /** A silence may prove what an ACK would: the first unacknowledged block can move here as well (rule A1). */
  #flowTimer(now: number): void {
    const before = this.#flow.firstUnacked
    this.#flow.timer(now)
    if (!this.closed && this.#flow.firstUnacked > before) this.#advanced(now, before)
  }

  handleUnreachable(_now: number): void {
    if (this.closed) return
    if (this.#onlyFinalMissing()) this.#endWithoutLastAck()
    else if (this.phase !== 'linger') {
      this.#fail(
        'ERR_TFTP_UNREACHABLE',
        `the ${this.#peer} closed its port: it gave up or was restarted; start the transfer again`,
        false,
      )
    }
    this.#settle()
  }

  handleNextRequest(): void {
    if (this.closed || !this.#onlyFinalMissing()) return
    this.#endWithoutLastAck()
    this.#settle()
  }

  abort(_now: number, error: ForesendError): void {
    if (this.closed) return
    const packet = encodeErrorFor(error)
    this.#sink.sendControl(packet, packet.length)
    this.#end('fault', { status: 'failed', error })
    this.#settle()
  }

  #ack(now: number, seq: number): void {
    if (this.phase === 'offer') {
      if (seq !== 0) {
        this.counters[COUNTER.ignored]++
        return
      }
      this.#offer.stop()
      if (this.counters[COUNTER.timeouts] === 0) this.#rto.sample(now - this.#startedAt)
      this.#go('accepted')
      this.#flow.open(now)
      return
    }
    if (this.phase === 'linger') return this.#ackWhileLingering(seq)
    const before = this.#flow.firstUnacked
    this.#flow.acked(now, seq)
    if (!this.closed && this.#flow.firstUnacked > before) this.#advanced(now, before)
  }

  /** The first unacknowledged block moved from `before`: which phase does that make? */
  #advanced(now: number, before: number): void {
    const firstUnacked = this.#flow.firstUnacked
    this.#oddities?.clear()
    this.counters[COUNTER.bytes] = Math.min(this.#config.sizeBytes, (firstUnacked - 1) * this.#config.blksize)
    if (this.#waitLimits.stalled) {
      this.#waitLimits.stalled = false
      this.#sink.notice('recovered', firstUnacked)
    }
    if (before === 1) this.#sink.notice('started', 1)
    if (this.counters[COUNTER.windowBlocks] !== this.#policy.windowBlocks) {
      this.counters[COUNTER.windowBlocks] = this.#policy.windowBlocks
      this.#sink.notice('window-changed', firstUnacked)
    }
    if (firstUnacked > this.#lastSeq) {
      if (this.#pacer.repeated && !this.#policy.cumulative) {
        this.#go('doubt')
        this.#lingerUntil = now + LINGER_MS
      } else this.#end('confirmed', { status: 'completed' })
    } else if (firstUnacked === this.#lastSeq) {
      if (this.phase !== 'final') this.#go('onlyFinalLeft')
    } else if (this.phase === 'first') this.#go('proved')
  }

  /** Rule A13: an ACK of a block beyond the last one means that the client counted a repeat as a block of its own. */
  #ackWhileLingering(seq: number): void {
    if (seq > this.#lastSeq)
      this.#fail('ERR_TFTP_COUNTS_REPEATS', countsRepeats(this.#peer, `block ${seq} of ${this.#lastSeq}`))
  }

  #peerError(now: number, wireCode: number, message: string): void {
    if (this.phase === 'offer' && wireCode === WIRE_ERROR.option) return this.#end('sizeOnly', { status: 'probed' })
    const before = this.#flow.firstUnacked
    if (wireCode === WIRE_ERROR.unknownTid && this.phase !== 'offer' && this.#flow.refused(now)) {
      this.#sink.notice('refused-ahead', this.#flow.firstUnacked)
      if (this.#flow.firstUnacked > before) this.#advanced(now, before)
      return
    }
    if (this.#onlyFinalMissing() && this.#isGone(wireCode)) return this.#endWithoutLastAck()
    const error = new ForesendError(
      'ERR_TFTP_PEER_ERROR',
      `${this.#config.label}: the ${this.#peer} ended it with ERROR ${wireCode} "${escapeText(message)}"`,
      { fault: 'peer', wireCode },
    )
    this.#end('fault', { status: 'failed', error })
  }

  /** A client that has closed its port answers the final block like this; any other code is a complaint (ADR 5). */
  #isGone(wireCode: number): boolean {
    if (wireCode === WIRE_ERROR.unknownTid || wireCode === WIRE_ERROR.undefined) return true
    // lwIP says so to a repeat of what it has.
    return wireCode === WIRE_ERROR.access && this.#pacer.lastRepeat === this.#lastSeq
  }

  #repeatOffer(now: number): void {
    if (this.#offer.due(now) === 'repeat') {
      this.counters[COUNTER.timeouts]++
      this.#sendOack()
      return
    }
    this.#offer.stop()
    this.#fail(
      'ERR_TFTP_TIMEOUT',
      `the ${this.#peer} never acknowledged the options (OACK)${outOfPlace(this.#oddities)}; check the cable and the firewalls`,
    )
  }

  /** Ends the transfer when its time is up (rules A4, A14). */
  #givenUp(now: number): boolean {
    if (this.#onlyFinalMissing() && this.#waitLimits.silenceAt() <= now) {
      this.#endWithoutLastAck()
      return true
    }
    if (now < this.#waitLimits.giveUpAt(this.progressAt)) return false
    const seconds = Math.round((now - this.progressAt) / 1000)
    const block = `block ${this.#flow.firstUnacked} of ${this.#lastSeq}`
    this.#fail(
      'ERR_TFTP_TIMEOUT',
      `${block} was never acknowledged in ${seconds} s of repeats${outOfPlace(this.#oddities)}; check the cable and the ${this.#peer}`,
    )
    return true
  }

  #noticeStall(now: number): void {
    if (this.#waitLimits.stalled || this.phase === 'offer' || now < this.#waitLimits.stallAt(this.progressAt)) return
    this.#waitLimits.stalled = true
    this.counters[COUNTER.stalls]++
    this.#sink.notice('stalled', this.#flow.firstUnacked)
  }

  /** Every block but the final one is confirmed, and more than a request came from this client (rule A4). */
  #onlyFinalMissing(): boolean {
    return this.phase === 'final' && this.#flow.firstUnacked === this.#lastSeq && this.#lastSeq > 1
  }

  #endWithoutLastAck(): void {
    const came = String(this.#oddities ?? '')
    this.#end('silence', { status: 'completed', lastAck: 'missing', ...(came === '' ? {} : { cameInstead: came }) })
  }

  #fail(code: ErrorCode, reason: string, tellPeer = true): void {
    if (this.closed) return
    if (code === 'ERR_TFTP_COUNTS_REPEATS') this.#countsRepeats = true
    const fault = code === 'ERR_TFTP_TIMEOUT' ? 'network' : 'peer'
    const error = new ForesendError(code, `${this.#config.label}: ${reason}`, { fault })
    if (tellPeer) {
      const packet = encodeErrorFor(error)
      this.#sink.sendControl(packet, packet.length)
    }
    this.#end('fault', { status: 'failed', error })
  }

  /** What the peer is called in messages. */
  get #peer(): PeerRole {
    return this.#config.peerRole ?? 'client'
  }

  #ignore(buffer: Uint8Array, offset: number, length: number): void {
    this.counters[COUNTER.ignored]++
    this.#odd(buffer, offset, length)
  }

  /** An ACK that can do nothing for the transfer: of a block that never left, or not of the one block that is asked for. */
  #isOdd(seq: number): boolean {
    if (this.phase === 'offer') return seq !== 0
    if (this.phase === 'first') return seq !== 1
    return seq > this.#pacer.highest || (this.phase === 'final' && seq !== this.#lastSeq)
  }

  #odd(buffer: Uint8Array, offset: number, length: number): void {
    this.#oddities ??= new Oddities()
    this.#oddities.note(buffer, offset, length)
  }

  #sendOack(): void {
    const oack = this.#config.oack
    if (oack !== undefined) this.#sink.sendControl(oack, oack.length)
  }

  #go(cause: SenderCause): void {
    this.phase = step(SENDER_TRANSITIONS, this.phase, cause)
  }

  #end(cause: SenderCause, outcome: Outcome): void {
    this.#go(cause)
    this.#sink.ended(outcome)
  }

  /** The last output of every input. */
  #settle(): void {
    if (this.closed) this.#sink.deadline(Infinity)
    else if (this.phase === 'offer') this.#sink.deadline(this.#offer.dueAt)
    else if (this.phase === 'linger') this.#sink.deadline(this.#lingerUntil)
    else this.#sink.deadline(Math.min(this.#flow.dueAt, this.#nextWatch()))
  }

  /** When a stall or the end of the transfer would have to be noticed. */
  #nextWatch(): number {
    const { progressAt } = this
    const silenceAt = this.#onlyFinalMissing() ? this.#waitLimits.silenceAt() : Infinity
    return Math.min(this.#waitLimits.nextAt(progressAt), silenceAt)
  }
}
