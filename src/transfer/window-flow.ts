/**
 * Windows that the client negotiated (RFC 7440, rules N1 to N4). An ACK confirms everything up to its block; a gap is
 * reported by an ACK that is not the window's last, or by a repeated one, and everything from there is sent again.
 */
import { COUNTER } from './contract.ts'
import { answerWindowMs, type Flow, type FlowParts, gapSpacingMs, stuckMs, waitMs } from './flow.ts'
import { RunLength } from './run-length.ts'

/** Rule N3: no negotiated window may cost more than this many datagrams per block, and this many on top (ADR 3). */
const STORM_FACTOR = 4
const STORM_ALLOWANCE = 64
/** Beyond the bound of rule N3 one datagram leaves in this time. */
const OVER_BUDGET_MS = 1000
/** The third timeout in a row sends the whole window again; a client that pauses is left alone for a second first. */
const WHOLE_WINDOW_TIMEOUT = 3
const WHOLE_WINDOW_MS = 1000

/**
 * What an ACK inside a window means (N1). `gap`: the client acknowledges ends of windows only, so it reports a gap.
 * `progress`: it acknowledges on its way. Until the first such ACK that is not known.
 */
type InsideAck = 'unknown' | 'gap' | 'progress'

/** Answers to our own repeats come within this many waits of `stuckMs`. */
const ECHO_ROUNDS = 2

/** A client that is stuck this often in a row does not acknowledge inside windows, whatever its first ACKs looked like. */
const MOST_STUCK = 3

/** An ACK that comes within this part of the shortest round trip is no answer to what left last. */
const SOONEST_ANSWER = 0.75

export class WindowFlow implements Flow {
  firstUnacked = 1
  progressAt = 0
  #nextToSend = 1
  readonly #parts: FlowParts
  readonly #runs = new RunLength()
  #timeouts = 0
  /** The client was seen to go on by itself after a pause. */
  #pauses = false
  /** A timeout does not send the whole window again before this. */
  #wholeAt = 0
  #retryAt = Infinity
  /** Rule N1: when a client that acknowledges inside windows counts as stuck. */
  #stuckAt = Infinity
  /** When the next part of a window that is sent in bursts may leave. */
  #burstAt = Infinity
  /** Blocks below this may leave now. */
  #burstEnd = 1
  #wentBackAt = -Infinity
  /** Repeated ACKs in a row: a second one marks a client that answers every packet it cannot use, as EDK2 does (N3). */
  #repeatedAcks = 0
  #answersEach = false
  /** Repeated ACKs that our own repeats may still bring from such a client, and until when. */
  #echoes = 0
  #echoesUntil = -Infinity
  /** When the first unacknowledged block left last: an ACK of its predecessor that comes sooner than a round trip cannot be about it. */
  #baseLeftAt = 0
  /** The last block of the window that is under way. */
  #windowEnd = 0
  #insideAck: InsideAck = 'unknown'
  /** How often it was stuck since a window was acknowledged as a whole. */
  #stuck = 0
  /** What it said was taken for progress by its timing, and was none: round trips are not what was measured. */
  #misjudged = false
  /** One block is timed at a time, none that was sent again (Karn), and only by an ACK of its own: a later one was caused later. */
  #timedSeq = 0
  #timedAt = 0

  constructor(parts: FlowParts) {
    this.#parts = parts
  }

  get dueAt(): number {
    return Math.min(this.#retryAt, this.#stuckAt, this.#burstAt, this.#parts.pacer.dueAt)
  }

  open(now: number): void {
    this.progressAt = now
    this.#burstEnd = 1
    this.#send(now)
    this.#arm(now)
  }

  acked(now: number, seq: number): void {
    const { counters, pacer } = this.#parts
    counters[COUNTER.acks]++
    if (seq > pacer.highest || seq < this.firstUnacked - 1) {
      counters[COUNTER.staleAcks]++
      return
    }
    if (seq === this.firstUnacked - 1) this.#repeatedAck(now)
    else this.#progress(now, seq)
  }

  timer(now: number): void {
    const { pacer } = this.#parts
    if (pacer.dueAt <= now) {
      pacer.pace(now, this.firstUnacked - 1)
      this.#arm(now)
    }
    if (this.#burstAt <= now) {
      this.#burstAt = Infinity
      if (this.#stuckAt === Infinity) {
        this.#send(now)
        this.#arm(now)
      }
    }
    if (this.#stuckAt <= now) {
      this.#stuckAt = Infinity
      if (this.#insideAck === 'unknown') this.#insideAck = 'gap'
      else if (this.#insideAck === 'progress' && ++this.#stuck >= MOST_STUCK) this.#misjudge()
      this.#goBack(now)
    }
    if (this.#retryAt <= now) this.#timeout(now)
  }

  /** Nothing leaves here that the client did not ask for. */
  refused(): boolean {
    return false
  }

  #progress(now: number, seq: number): void {
    const { policy, rto, counters } = this.#parts
    let rttMs = 0
    if (this.#timedSeq > 0 && seq === this.#timedSeq) {
      rttMs = now - this.#timedAt
      rto.sample(rttMs)
      counters[COUNTER.srttMs] = rto.srttMs
    }
    if (seq >= this.#timedSeq) this.#timedSeq = 0
    this.#runs.delivered(seq - this.firstUnacked + 1)
    const inside = seq < this.#windowEnd && seq + 1 < this.#nextToSend
    if (this.#timeouts > 0) policy.recovered(now, seq, 'resend')
    if (this.#hasPaused(now)) this.#pauses = true
    const wentOnAlone = this.#insideAck === 'unknown' && this.#stuckAt !== Infinity
    if (wentOnAlone || (!this.#misjudged && this.#answeredTooSoon(now))) this.#insideAck = 'progress'
    if (!inside) this.#stuck = 0
    this.firstUnacked = seq + 1
    this.#timeouts = 0
    this.#repeatedAcks = 0
    this.progressAt = now
    this.#wholeAt = this.#pauses ? now + WHOLE_WINDOW_MS : now
    this.#stuckAt = Infinity
    policy.acked(now, seq, rttMs)
    if (this.#nextToSend < this.firstUnacked) this.#nextToSend = this.firstUnacked
    if (inside && this.#insideAck === 'gap') return this.#goBack(now)
    if (inside) this.#stuckAt = now + stuckMs(rto)
    if (!inside || this.#insideAck === 'progress') this.#send(now)
    this.#arm(now)
  }

  #misjudge(): void {
    this.#insideAck = 'unknown'
    this.#stuck = 0
    this.#misjudged = true
  }

  /** Something was acknowledged sooner after a resend than an answer can come: it was on its way, so there was no gap. */
  #answeredTooSoon(now: number): boolean {
    return now - this.#wentBackAt < SOONEST_ANSWER * this.#parts.rto.minMs
  }

  /** The client says again what it said before: it got something that it cannot use. Once per 1.5 round trips (N1, N3). */
  #repeatedAck(now: number): void {
    const { counters, rto } = this.#parts
    counters[COUNTER.staleAcks]++
    if (this.firstUnacked >= this.#nextToSend) return
    if (++this.#repeatedAcks > 1 && now - this.#baseLeftAt < stuckMs(rto)) this.#answersEach = true
    if (this.#answersEach && this.#echoes > 0 && now < this.#echoesUntil) {
      this.#echoes--
      return
    }
    if (rto.srttMs > 0 && now - this.#baseLeftAt < SOONEST_ANSWER * rto.minMs) return
    this.#goBack(now)
  }

  /** Everything from the first unacknowledged block again, at most once per 1.5 round trips. */
  #goBack(now: number): void {
    const { policy, rto, pacer } = this.#parts
    const soonest = this.#wentBackAt + gapSpacingMs(rto)
    if (now < soonest) {
      this.#stuckAt = soonest
      return
    }
    this.#wentBackAt = now
    this.#runs.lost()
    this.#echoes = this.#nextToSend - this.firstUnacked
    this.#echoesUntil = now + ECHO_ROUNDS * stuckMs(rto)
    policy.gap(now, this.firstUnacked)
    pacer.drop()
    this.#nextToSend = this.firstUnacked
    this.#timedSeq = 0
    this.#burstEnd = this.firstUnacked
    this.#send(now)
    this.#arm(now)
  }

  /** Sends what window and burst allow. */
  #send(now: number): void {
    const { config, pacer, policy, rto } = this.#parts
    const windowEnd = Math.min(this.firstUnacked + policy.windowBlocks, config.lastSeq + 1)
    const burst = this.#runs.burstBlocks(policy.windowBlocks)
    this.#burstAt = Infinity
    if (this.#burstEnd < this.firstUnacked) this.#burstEnd = this.firstUnacked
    if (this.#nextToSend >= this.#burstEnd || burst >= policy.windowBlocks) this.#burstEnd = this.#nextToSend + burst
    const end = Math.min(windowEnd, this.#burstEnd)
    const count = end - this.#nextToSend
    if (count > 0 && !this.#overBudget(count)) {
      if (this.#nextToSend === this.firstUnacked) this.#baseLeftAt = now
      const fresh = end - 1 > pacer.highest
      pacer.run(now, this.#nextToSend, count, false)
      this.#nextToSend = end
      this.#windowEnd = windowEnd - 1
      if (fresh && this.#timedSeq === 0) {
        this.#timedSeq = end - 1
        this.#timedAt = now
      }
    }
    const more = end < windowEnd && this.#stuckAt === Infinity
    if (more && !this.#overBudget(1)) this.#burstAt = now + gapSpacingMs(rto)
  }

  /** Rule N3: what was confirmed pays for what may be sent. Beyond it one datagram a second leaves, until patience ends (A14). */
  #overBudget(count: number): boolean {
    const { counters, policy } = this.#parts
    const budget = STORM_FACTOR * (this.firstUnacked - 1 + policy.windowBlocks) + STORM_ALLOWANCE
    return counters[COUNTER.datagrams] + count > budget * policy.copies
  }

  /**
   * First the last block that is out: it fetches a lost ACK, a lost last block and a lost gap report alike. Then the first unacknowledged block,
   * with a block two beyond the window (N4). Then everything from the first unacknowledged block, once; to a client that pauses, later.
   */
  #timeout(now: number): void {
    const { config, counters, pacer, policy } = this.#parts
    counters[COUNTER.timeouts]++
    this.#timeouts++
    this.#timedSeq = 0
    policy.timeout(now, this.firstUnacked)
    const beyond = this.#nextToSend + 1
    if (this.#nextToSend === this.firstUnacked) this.#send(now)
    else if (this.#timeouts >= WHOLE_WINDOW_TIMEOUT && now >= this.#wholeAt && !this.#overBudget(1)) {
      this.#wholeAt = now + Math.max(WHOLE_WINDOW_MS, now - this.progressAt)
      this.#goBack(now)
    } else if (this.#timeouts % 2 === 1 || this.#nextToSend - this.firstUnacked === 1)
      pacer.once(now, this.#nextToSend - 1)
    else {
      pacer.once(now, this.firstUnacked)
      if (beyond < config.lastSeq) pacer.once(now, beyond)
    }
    this.#arm(now)
    if (this.#overBudget(1)) this.#retryAt = Math.max(this.#retryAt, now + OVER_BUDGET_MS)
  }

  /** The client went on by itself after timeouts: it had paused, to write its flash, and is not hurried next time. */
  #hasPaused(now: number): boolean {
    if (this.#timeouts < WHOLE_WINDOW_TIMEOUT) return false
    const waited = now - this.#parts.pacer.lastAt
    return waited > answerWindowMs(this.#parts.rto) || waited < SOONEST_ANSWER * this.#parts.rto.minMs
  }

  #arm(now: number): void {
    this.#retryAt = now + waitMs(this.#parts, now, this.progressAt, this.#timeouts)
  }
}
