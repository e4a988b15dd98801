/**
 * The sending half of any transfer: a server's RRQ and a client's WRQ. It keeps the phases (phases.ts) and the two ends of
 * a transfer, the first contact and the final block; what happens between is a reading's business (reading.ts). All that it knows is
 * one record (sender-state.ts). It never knows which of the two programs it runs in.
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
import {
  COUNTER,
  type Counters,
  type LearntDevice,
  type Machine,
  type Outcome,
  type SenderSink,
  type WindowPolicy,
} from './contract.ts'
import { CUMULATIVE } from './cumulative.ts'
import { contactWaitMs, mayBeTimer, mostRepeats } from './first-contact.ts'
import { INDIVIDUAL } from './individual.ts'
import { Oddities, outOfPlace } from './oddities.ts'
import { SENDER_TRANSITIONS, type SenderCause, type SenderPhase, step } from './phases.ts'
import type { Reading } from './reading.ts'
import { checkCable, countsRepeats, mayBeWhole } from './sender-faults.ts'
import { contactOf, type SenderConfig, SenderState } from './sender-state.ts'
import { nextOfBlocks } from './timers.ts'
import { giveUpAt, lastProgressAt, silenceAt, stallAt } from './waits.ts'
import { PROVING } from './window-proof.ts'
import { UNTIMED_MS } from './window-timing.ts'

export type { SenderConfig } from './sender-state.ts'

/** Rule A13: how long the final ACK must stay uncontradicted after any repeat. */
const LINGER_MS = 250
/** What lwIP says of any block but the next one and the last one: it has the transfer, and goes on (rule A10). */
const WRONG_BLOCK = 'Wrong block number'

export class Sender implements Machine {
  readonly #s: SenderState

  constructor(config: SenderConfig, policy: WindowPolicy, sink: SenderSink) {
    this.#s = new SenderState(config, policy, sink)
    this.#s.counters[COUNTER.windowBlocks] = policy.windowBlocks
    const { firstRoundTrip } = config
    if (firstRoundTrip !== undefined) this.#timed(firstRoundTrip.ms, firstRoundTrip.isSample)
  }

  get counters(): Counters {
    return this.#s.counters
  }

  get phase(): SenderPhase {
    return this.#s.phase
  }

  get closed(): boolean {
    const { phase } = this.#s
    return phase === 'completed' || phase === 'probed' || phase === 'failed'
  }

  get confirmed(): boolean {
    return this.#s.phase === 'linger'
  }

  get halfOpen(): boolean {
    const { addressValidated, phase } = this.#s
    return !addressValidated && (phase === 'offer' || phase === 'first')
  }

  get progressAt(): number {
    return lastProgressAt(this.#s)
  }

  /** What this transfer taught about the device, for its next request. */
  learnt(): LearntDevice {
    const { policy, countsRepeats, patient } = this.#s
    const window = policy.learnt?.()
    return {
      ...(window === undefined ? {} : { window }),
      ...(countsRepeats || patient ? { countsRepeats: true } : {}),
    }
  }

  start(now: number): void {
    const s = this.#s
    s.startedAt = now
    s.heardAt = now
    if (s.oack === undefined) this.#reading.open(s, now)
    else {
      this.#sendOack()
      s.contactAt = now + contactWaitMs('oack', contactOf(s), 0)
    }
    this.#settle()
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number): void {
    if (this.closed) return
    const s = this.#s
    const opcode = readOpcode(buffer, offset, length)
    if (opcode === OPCODE.ack && length >= 4) {
      s.heardAt = now
      const seq = seqNear(readBlock(buffer, offset), s.highestSent, s.rollover)
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
    const s = this.#s
    if (s.phase === 'linger') {
      if (s.lingerUntil <= now) this.#end('quiet', { status: 'completed' })
    } else if (s.phase === 'offer' && s.contactAt <= now) this.#repeatOffer(now)
    else if (!this.#givenUp(now) && s.phase !== 'offer') {
      this.#noticeStall(now)
      // A silence may prove what an ACK would: the first unacknowledged block can move here as well (rule A1).
      const before = s.firstUnacked
      if (nextOfBlocks(s) <= now) this.#reading.timer(s, now)
      this.#follow(now, before)
    }
    this.#settle()
  }

  handleUnreachable(_now: number): void {
    if (this.closed) return
    if (this.#onlyFinalMissing()) this.#endWithoutLastAck()
    else if (this.#s.phase !== 'linger') {
      this.#fail(
        'ERR_TFTP_UNREACHABLE',
        `the ${this.#s.peer} closed its port: it gave up or was restarted; start the transfer again`,
        false,
      )
    }
    this.#settle()
  }

  /** The request that began this came again, and no answer yet: its client did not get the OACK. Repeats of our own go first (rule A5). */
  handleRepeatedRequest(): void {
    const s = this.#s
    if (s.phase !== 'offer' || s.contactRepeats < mostRepeats('oack', contactOf(s))) return
    this.#sendOack()
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
    this.#s.sink.sendControl(packet, packet.length)
    this.#end('fault', { status: 'failed', error })
    this.#settle()
  }

  get #reading(): Reading {
    const { otherPolicy, policy } = this.#s
    if (otherPolicy !== undefined) return PROVING
    return policy.cumulative ? CUMULATIVE : INDIVIDUAL
  }

  #ack(now: number, seq: number): void {
    const s = this.#s
    if (s.phase === 'offer') {
      if (seq !== 0) {
        s.counters[COUNTER.ignored]++
        return
      }
      const repeatedAt = s.contactAt - contactWaitMs('oack', contactOf(s), s.contactRepeats)
      s.contactAt = Infinity
      s.addressValidated = true
      s.oack = undefined
      const rttMs = now - s.startedAt
      // A near client answers sooner, or its answer was lost and its own timer spoke: that is no round trip.
      const isTimer = s.near && mayBeTimer(rttMs, s.policy.cumulative, s.mayCountRepeats)
      if (s.counters[COUNTER.timeouts] === 0) this.#timed(rttMs, !isTimer)
      else if (s.policy.cumulative && now - repeatedAt > UNTIMED_MS) this.#timed(rttMs, false)
      this.#go('accepted')
      this.#reading.open(s, now)
      return
    }
    if (s.phase === 'linger') return this.#ackWhileLingering(seq)
    const before = s.firstUnacked
    this.#reading.acked(s, now, seq)
    this.#follow(now, before)
  }

  /** The first contact took `rttMs`; where that is no sample, it took no longer. What came when the client's own timer was due says nothing. */
  #timed(rttMs: number, isSample: boolean): void {
    if (isSample) this.#s.rto.sample(rttMs)
    else if (Math.abs(rttMs - this.#s.clientTimeoutMs) > UNTIMED_MS) this.#s.pauseMs = rttMs
  }

  /** A rule may have ended the transfer, or moved the first unacknowledged block from `before`. */
  #follow(now: number, before: number): void {
    const { failure, firstUnacked } = this.#s
    if (failure !== undefined) this.#fail(failure.code, failure.reason)
    else if (firstUnacked > before) this.#advanced(now, before)
  }

  /** The first unacknowledged block moved from `before`: which phase does that make? */
  #advanced(now: number, before: number): void {
    const s = this.#s
    const { firstUnacked, lastSeq, policy, sink, counters } = s
    s.oddities?.clear()
    counters[COUNTER.bytes] = Math.min(s.sizeBytes, (firstUnacked - 1) * s.blksize)
    if (s.stalled) {
      s.stalled = false
      sink.notice('recovered', firstUnacked)
    }
    if (before === 1) sink.notice('started', 1)
    if (counters[COUNTER.windowBlocks] !== policy.windowBlocks) {
      counters[COUNTER.windowBlocks] = policy.windowBlocks
      sink.notice('window-changed', firstUnacked)
    }
    if (firstUnacked > lastSeq) {
      if (s.repeated && !policy.cumulative) {
        this.#go('doubt')
        s.lingerUntil = now + LINGER_MS
      } else this.#end('confirmed', { status: 'completed' })
    } else if (firstUnacked === lastSeq) {
      if (s.phase !== 'final') this.#go('onlyFinalLeft')
    } else if (s.phase === 'first') this.#go('proved')
  }

  /** Rule A13: an ACK of a block beyond the last one means that the client counted a repeat as a block of its own. */
  #ackWhileLingering(seq: number): void {
    const { lastSeq } = this.#s
    if (seq > lastSeq) this.#fail('ERR_TFTP_COUNTS_REPEATS', countsRepeats(this.#s.peer, `block ${seq} of ${lastSeq}`))
  }

  #peerError(now: number, wireCode: number, message: string): void {
    const s = this.#s
    if (s.phase === 'offer' && wireCode === WIRE_ERROR.option) return this.#end('sizeOnly', { status: 'probed' })
    // It acknowledged the final block and closed its port: a copy of that block, of ours or of the network's, found no transfer.
    if (s.phase === 'linger' && (wireCode === WIRE_ERROR.access || wireCode === WIRE_ERROR.unknownTid)) {
      return this.#end('quiet', { status: 'completed' })
    }
    const before = s.firstUnacked
    const isAlive = message === WRONG_BLOCK
    if (wireCode === WIRE_ERROR.unknownTid && s.phase !== 'offer' && this.#reading.refused(s, now, isAlive)) {
      s.sink.notice('refused-ahead', s.firstUnacked)
      this.#follow(now, before)
      return
    }
    if (this.#onlyFinalMissing() && this.#isGone(wireCode)) return this.#endWithoutLastAck()
    const error = new ForesendError(
      'ERR_TFTP_PEER_ERROR',
      `${String(s.label)}: the ${s.peer} ended it with ERROR ${wireCode} "${escapeText(message)}"`,
      { fault: 'peer', wireCode },
    )
    this.#end('fault', { status: 'failed', error })
  }

  /** A client that has closed its port answers the final block like this; any other code is a complaint (ADR 5). */
  #isGone(wireCode: number): boolean {
    if (wireCode === WIRE_ERROR.unknownTid || wireCode === WIRE_ERROR.undefined) return true
    // lwIP says so to a repeat of what it has.
    return wireCode === WIRE_ERROR.access && this.#s.lastRepeat === this.#s.lastSeq
  }

  #repeatOffer(now: number): void {
    const s = this.#s
    const contact = contactOf(s)
    if (s.contactRepeats < mostRepeats('oack', contact)) {
      s.contactRepeats++
      s.contactAt = now + contactWaitMs('oack', contact, s.contactRepeats)
      s.counters[COUNTER.timeouts]++
      this.#sendOack()
      return
    }
    s.contactAt = Infinity
    this.#fail(
      'ERR_TFTP_TIMEOUT',
      `the ${s.peer} never acknowledged the options (OACK)${outOfPlace(s.oddities)}; check the cable and the firewalls`,
    )
  }

  /** Ends the transfer when its time is up (rules A4, A14). */
  #givenUp(now: number): boolean {
    const s = this.#s
    if (this.#onlyFinalMissing() && silenceAt(s) <= now) {
      this.#endWithoutLastAck()
      return true
    }
    if (now < giveUpAt(s)) return false
    const seconds = Math.round((now - lastProgressAt(s)) / 1000)
    const block = `block ${s.firstUnacked} of ${s.lastSeq}`
    const silence = `${block} was never acknowledged in ${seconds} s of repeats${outOfPlace(s.oddities)}`
    this.#fail(
      'ERR_TFTP_TIMEOUT',
      `${silence}; ${s.highestSent === s.lastSeq ? mayBeWhole(s.peer) : checkCable(s.peer)}`,
    )
    return true
  }

  #noticeStall(now: number): void {
    const s = this.#s
    if (now < stallAt(s)) return
    s.stalled = true
    s.counters[COUNTER.stalls]++
    s.sink.notice('stalled', s.firstUnacked)
  }

  /** Every block but the final one is confirmed, and more than a request came from this client (rule A4). */
  #onlyFinalMissing(): boolean {
    const { phase, firstUnacked, lastSeq } = this.#s
    return phase === 'final' && firstUnacked === lastSeq && lastSeq > 1
  }

  #endWithoutLastAck(): void {
    const came = String(this.#s.oddities ?? '')
    this.#end('silence', { status: 'completed', lastAck: 'missing', ...(came === '' ? {} : { cameInstead: came }) })
  }

  #fail(code: ErrorCode, reason: string, tellPeer = true): void {
    if (this.closed) return
    const s = this.#s
    if (code === 'ERR_TFTP_COUNTS_REPEATS') s.countsRepeats = true
    const fault = code === 'ERR_TFTP_TIMEOUT' ? 'network' : 'peer'
    const error = new ForesendError(code, `${String(s.label)}: ${reason}`, { fault })
    // The address of a peer that never answered may be forged (rule A5).
    if (tellPeer && !(code === 'ERR_TFTP_TIMEOUT' && this.halfOpen)) {
      const packet = encodeErrorFor(error)
      s.sink.sendControl(packet, packet.length)
    }
    this.#end('fault', { status: 'failed', error })
  }

  #ignore(buffer: Uint8Array, offset: number, length: number): void {
    this.#s.counters[COUNTER.ignored]++
    this.#odd(buffer, offset, length)
  }

  /** An ACK that can do nothing for the transfer: of a block that never left, or not of the one block that is asked for. */
  #isOdd(seq: number): boolean {
    const { phase, highestSent, lastSeq } = this.#s
    if (phase === 'offer') return seq !== 0
    if (phase === 'first') return seq !== 1
    return seq > highestSent || (phase === 'final' && seq !== lastSeq)
  }

  #odd(buffer: Uint8Array, offset: number, length: number): void {
    this.#s.oddities ??= new Oddities()
    this.#s.oddities.note(buffer, offset, length)
  }

  #sendOack(): void {
    const { oack, sink } = this.#s
    if (oack !== undefined) sink.sendControl(oack, oack.length)
  }

  #go(cause: SenderCause): void {
    this.#s.phase = step(SENDER_TRANSITIONS, this.#s.phase, cause)
  }

  #end(cause: SenderCause, outcome: Outcome): void {
    this.#go(cause)
    this.#s.sink.ended(outcome)
  }

  /** The last output of every input. */
  #settle(): void {
    this.#s.sink.deadline(this.#nextDeadline())
  }

  #nextDeadline(): number {
    const s = this.#s
    if (this.closed) return Infinity
    if (s.phase === 'offer') return s.contactAt
    if (s.phase === 'linger') return s.lingerUntil
    const endsAt = this.#onlyFinalMissing() ? silenceAt(s) : Infinity
    return Math.min(nextOfBlocks(s), giveUpAt(s), stallAt(s), endsAt)
  }
}
