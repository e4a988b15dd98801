/**
 * Blocks that the client did not negotiate a window for: lock-step and anticipation (rules A1 to A14). One
 * acknowledgement per block; the window slides over a contiguous run only, and the final block travels last and alone.
 */
import { COUNTER } from './contract.ts'
import { FirstContact } from './first-contact.ts'
import { answerWindowMs, boardSpan, type Flow, type FlowParts, gapSpacingMs, RUN_AHEAD, waitMs } from './flow.ts'
import { OrderProbe } from './order-probe.ts'
import { OrderFinder } from './order.ts'
import { nearWrap } from './pacer.ts'
import { Quarantine } from './quarantine.ts'
import { type BlockWindow, Recovery } from './recovery.ts'
import type { Scoreboard } from './scoreboard.ts'
import { neverBegan, storedAnyOrder } from './sender-faults.ts'

/** After this many questions without a result, questions leave as rarely as anything else is repeated (A14). */
const MOST_QUESTIONS = 60
/** At most this many doublings of the timeout outlive a repeated block. */
const KEPT_BACKOFF = 2
/** An answer to a question about the order (A1) is waited for this long at least. */
const QUESTION_MS = 10
/** An ACK of the predecessor this long after a block left is the client's own timer speaking (rules A5, A12). */
const CLIENT_TIMER_MS = 800

/** At least this many retransmissions at once mean that the client dropped the blocks (go-back-N), not that the link lost them one by one. A window of two cannot tell. */
const DROPPED_TOGETHER = 2
const LEAST_WINDOW = 2
/** Blocks without such a drop that let the window grow by one again. */
const CLEAN_BLOCKS = 64

export class BlockFlow implements Flow, BlockWindow {
  firstUnacked = 1
  progressAt = 0
  /** The lowest block that never left in its turn. */
  nextToSend = 1
  /** The highest acknowledged block. */
  highestAcked = 0
  readonly parts: FlowParts
  readonly board: Scoreboard
  readonly order = new OrderFinder()
  readonly #orderProbe: OrderProbe
  readonly #recovery: Recovery
  readonly #contact: FirstContact
  readonly #quarantine: Quarantine
  readonly #ahead = new AheadLimit()
  #retryAt = Infinity
  #timeouts = 0
  /** Doublings that outlive a repeated block, until a round trip is measured again (Karn): else a link that got slower is never understood. */
  #backoff = 0
  #everTimedOut = false
  /** When the first unacknowledged block timed out last: what left until then and is not acknowledged counts as lost. */
  #lostBefore = -Infinity
  /** The block for which a filler went out. */
  #filledFor = 0

  constructor(parts: FlowParts, board: Scoreboard) {
    this.parts = parts
    this.board = board
    this.#recovery = new Recovery(this)
    this.#orderProbe = new OrderProbe(this, () => this.#recovery.sentUnasked(this.parts.pacer.lastAt))
    this.#quarantine = new Quarantine(parts)
    const { near, clientTimeoutMs } = parts.config
    this.#contact = new FirstContact('data', near, clientTimeoutMs, parts.policy.nudges ? undefined : clientTimeoutMs)
  }

  get dueAt(): number {
    return Math.min(
      this.#retryAt,
      this.#quarantine.heldUntil,
      this.#contact.dueAt,
      this.#recovery.dueAt,
      this.parts.pacer.dueAt,
    )
  }

  open(now: number): void {
    this.progressAt = now
    this.parts.pacer.run(now, 1, 1, true)
    this.nextToSend = 2
    this.#contact.started(now)
  }

  acked(now: number, seq: number): void {
    const { counters, pacer } = this.parts
    counters[COUNTER.acks]++
    if (seq > pacer.highest || (seq >= this.firstUnacked && !this.board.isSent(seq))) {
      counters[COUNTER.ignored]++
      this.#quarantine.neverSent(seq)
      return
    }
    if (seq < this.firstUnacked || this.board.isAcked(seq)) return this.#stale(now, seq)
    if (!this.#fresh(now, seq)) return
    this.#slide()
    this.#fillGap(now)
    this.sendNew(now)
    this.arm(now)
  }

  timer(now: number): void {
    const { pacer } = this.parts
    if (pacer.dueAt <= now) {
      pacer.pace(now, this.firstUnacked - 1)
      this.arm(now)
    }
    if (this.#quarantine.heldUntil <= now) {
      this.#quarantine.release()
      this.sendNew(now)
      this.arm(now)
    }
    if (this.#contact.dueAt <= now) this.#firstContact(now)
    if (this.#recovery.dueAt <= now) {
      this.#recovery.completeNudge(now)
      this.arm(now)
    }
    if (this.#retryAt <= now) this.#timeout(now)
  }

  refused(now: number): boolean {
    if (!this.#recovery.wasUnasked(now)) return false
    if (this.#recovery.refused) {
      this.#refusedAgain(now)
      return true
    }
    this.#recovery.refused = true
    this.parts.policy.refused(now)
    this.parts.pacer.drop()
    if (this.firstUnacked < this.highestAcked) {
      this.order.provenInorder()
      if (this.order.order === 'inorder') {
        this.progressAt = now
        this.confirmUpToHighest()
      }
    }
    for (let seq = this.firstUnacked + 1; seq <= this.parts.pacer.highest; seq++) {
      if (!this.board.isAcked(seq)) this.board.clear(seq)
    }
    this.nextToSend = Math.min(this.nextToSend, this.firstUnacked + 1)
    if (this.outstanding) this.#retryAt = now + waitMs(this.parts, now, this.progressAt, 0)
    else {
      this.sendNew(now)
      this.arm(now)
    }
    return true
  }

  /**
   * A client that looks at the order answers the block that it expects and the one before with an ACK. If it refuses a
   * repeat of the first unacknowledged block, it is further on: it took that one and the next, which ran ahead, and both ACKs were lost.
   */
  #refusedAgain(now: number): void {
    const { pacer } = this.parts
    if (pacer.lastRepeat !== this.firstUnacked || pacer.highest <= this.firstUnacked) return
    if (!this.order.provenInorder()) return
    this.board.acked(this.firstUnacked)
    this.#slide()
    this.sendNew(now)
    this.arm(now)
  }

  /** True while something the client has not confirmed is on its way. */
  get outstanding(): boolean {
    return this.firstUnacked < this.nextToSend
  }

  get window(): number {
    if (this.firstUnacked === 1 || this.#recovery.refused) return 1
    const { config, policy } = this.parts
    // A client's order is found out with blocks that run ahead (A1): where few are left, a window that was not asked for closes.
    const endsSoon = policy.type === 'adaptive' && config.lastSeq - this.firstUnacked < RUN_AHEAD
    if (endsSoon && this.order.order === 'unknown') return 1
    return this.#ahead.limit(policy.windowBlocks)
  }

  /** Sends what the window allows: never the final block before all others are confirmed (A4), never a wrap in company (A12). */
  sendNew(now: number): void {
    if (this.#quarantine.heldUntil !== Infinity) return
    const { lastSeq, rollover } = this.parts.config
    // A policy may have widened its window: blocks that shared a slot would acknowledge each other.
    this.board.reserve(boardSpan(this.window, this.#everTimedOut), this.firstUnacked, this.parts.pacer.highest)
    const limit = Math.min(this.firstUnacked + this.window, this.firstUnacked === lastSeq ? lastSeq + 1 : lastSeq)
    while (this.nextToSend < limit) {
      const first = this.nextToSend
      if (this.board.isSent(first)) {
        this.nextToSend++
        continue
      }
      const alone = nearWrap(first, rollover)
      if (this.outstanding && (alone || nearWrap(this.firstUnacked, rollover))) return
      let count = 1
      if (!alone) {
        while (first + count < limit && !nearWrap(first + count, rollover) && !this.board.isSent(first + count)) count++
      }
      this.nextToSend = first + count
      this.parts.pacer.run(now, first, count, alone || this.firstUnacked === lastSeq)
    }
  }

  /** Sends one block again, out of turn. */
  repeat(now: number, seq: number): void {
    this.parts.pacer.once(now, seq)
    this.#recovery.repeated(now, seq)
  }

  /** Sets the timer anew from now on. */
  arm(now: number): void {
    if (!this.outstanding || this.firstUnacked === 1) {
      this.#retryAt = Infinity
      return
    }
    const isGap = this.firstUnacked < this.highestAcked
    if (isGap && this.#orderProbe.isDue && this.#timeouts < MOST_QUESTIONS) {
      this.#retryAt = now + this.parts.rto.roundsMs(3, QUESTION_MS)
      return
    }
    const wait = waitMs(this.parts, now, this.progressAt, this.#timeouts + this.#backoff)
    // A client that acknowledges later blocks is not pausing.
    const first = this.#everTimedOut || this.parts.config.known || isGap ? 0 : this.parts.policy.firstRtoMs
    this.#retryAt = now + Math.max(wait, first)
  }

  /** The client order was proved to be `inorder`: everything up to the highest acknowledged block is there. */
  confirmUpToHighest(): void {
    for (let seq = this.firstUnacked; seq <= this.highestAcked; seq++) this.board.acked(seq)
    this.#slide()
  }

  /** Something new was acknowledged; false when it ends the transfer. */
  #fresh(now: number, seq: number): boolean {
    const { rto, policy, counters } = this.parts
    const repeats = this.board.repeats(seq)
    let rttMs = 0
    // Karn's rule, and more: the ACK of a block that waited through a timeout may have been caused by what was sent then.
    if (repeats === 0 && this.board.sentAt(seq) > this.#lostBefore) {
      rttMs = now - this.board.sentAt(seq)
      if (this.parts.config.patient && this.#quarantine.cameTooSoon(seq, rttMs)) return false
      rto.sample(rttMs)
      counters[COUNTER.srttMs] = rto.srttMs
    }
    this.board.acked(seq)
    if (seq < this.highestAcked && repeats > 0) this.order.provenAny()
    if (seq > this.firstUnacked && seq > 1 && !this.board.isSent(seq - 1)) this.order.provenAny()
    if (seq > this.highestAcked) this.highestAcked = seq
    // Armed for DATA 1 alone.
    if (this.#contact.dueAt !== Infinity) this.#contact.stop()
    this.#recovery.progressed(now, seq)
    this.#backoff = rttMs > 0 ? 0 : Math.min(this.#timeouts, KEPT_BACKOFF)
    this.#timeouts = 0
    this.progressAt = now
    policy.acked(now, seq, rttMs)
    this.#ahead.acked()
    if (this.order.order === 'inorder') this.confirmUpToHighest()
    if (repeats > 0) this.#quarantine.repeatAcked(now, this.#recovery.takesRepeatsWell)
    return true
  }

  /** Rule A2: over the run of acknowledged blocks, and no further. */
  #slide(): void {
    const { pacer } = this.parts
    while (this.firstUnacked <= pacer.highest && this.board.isAcked(this.firstUnacked)) {
      this.board.clear(this.firstUnacked)
      this.firstUnacked++
    }
    if (this.nextToSend < this.firstUnacked) this.nextToSend = this.firstUnacked
    pacer.confirmedBelow(this.firstUnacked)
  }

  /**
   * Rule A3: an ACK above a gap sends the gap again at once, at most once per 1.5 round trips. So does the end of a stall
   * for what was on its way when it began.
   */
  #fillGap(now: number): void {
    const { pacer, policy, rto } = this.parts
    if (this.firstUnacked > pacer.highest) return
    if (this.#orderProbe.isDue) return
    const spacing = gapSpacingMs(rto)
    let resent = 0
    for (let seq = this.firstUnacked; seq < this.nextToSend; seq++) {
      if (!this.board.isSent(seq) || this.board.isAcked(seq)) continue
      const repeatedAt = this.board.repeatedAt(seq)
      const lost = seq < this.highestAcked || Math.max(this.board.sentAt(seq), repeatedAt) <= this.#lostBefore
      if (!lost || repeatedAt + spacing > now || !this.#recovery.mayRepeatOnTimer(seq)) continue
      if (seq < this.highestAcked) policy.gap(now, seq)
      this.repeat(now, seq)
      resent++
    }
    this.#ahead.resent(resent, this.window)
  }

  #stale(now: number, seq: number): void {
    this.parts.counters[COUNTER.staleAcks]++
    const { config, pacer, rto } = this.parts
    if (this.#recovery.staleAck(now, seq)) return this.arm(now)
    if (!this.#recovery.repeatedLately(now)) this.order.staleSeen()
    if (seq === this.highestAcked && this.firstUnacked < this.highestAcked) {
      this.order.highestNamed(now, answerWindowMs(rto), this.progressAt)
      return
    }
    if (this.order.order === 'inorder' && seq < this.highestAcked && now - pacer.lastAt > answerWindowMs(rto)) {
      config.fail('ERR_TFTP_ORDER_LIED', storedAnyOrder(config.peer, seq))
      return
    }
    if (seq === this.firstUnacked - 1 && this.outstanding) this.#clientTimer(now)
  }

  /** The client repeats its last ACK by its own timer: what we may not repeat by ours may be sent now (A4, A5, A8, A12, A13). */
  #clientTimer(now: number): void {
    const { config, pacer, rto } = this.parts
    const waited = now - pacer.lastAt
    const asks = this.firstUnacked === 1 && !config.patient && waited >= CLIENT_TIMER_MS
    if (asks && this.#contact.asked(now)) return this.repeat(now, 1)
    if (this.#recovery.mayRepeatOnTimer(this.firstUnacked)) {
      if (this.firstUnacked !== config.lastSeq || waited < answerWindowMs(rto)) return
      this.repeat(now, this.firstUnacked)
    } else if (waited < CLIENT_TIMER_MS) return
    else if (this.#filledFor !== this.firstUnacked) {
      // The block may lie in the client's card: then a repeat would reach it twice, which is what must not happen.
      this.#filledFor = this.firstUnacked
      pacer.sendFiller(now)
    } else this.repeat(now, this.firstUnacked)
    this.arm(now)
  }

  #firstContact(now: number): void {
    if (this.#contact.due(now) === 'give-up') {
      this.#contact.stop()
      const { config } = this.parts
      config.fail('ERR_TFTP_TIMEOUT', neverBegan(config.peer, config.meanwhile()))
      return
    }
    this.parts.counters[COUNTER.timeouts]++
    if (!this.parts.config.patient) this.repeat(now, 1)
  }

  #timeout(now: number): void {
    const { counters, policy } = this.parts
    counters[COUNTER.timeouts]++
    this.#timeouts++
    this.#everTimedOut = true
    this.#lostBefore = now
    policy.timeout(now, this.firstUnacked)
    this.board.reserve(boardSpan(this.window, this.#everTimedOut), this.firstUnacked, this.parts.pacer.highest)
    if (!this.#recovery.mayRepeatOnTimer(this.firstUnacked)) this.#recovery.waitForClient()
    else if (this.#orderProbe.isDue) this.#ask(now)
    else this.#recovery.timeout(now, this.#timeouts)
    this.arm(now)
  }

  /** Asks, unless the silence since the last question was the last proof that was needed. */
  #ask(now: number): void {
    this.#orderProbe.ask(now)
    if (this.order.order !== 'inorder') return
    this.progressAt = now
    this.#timeouts = 0
    this.confirmUpToHighest()
    this.sendNew(now)
  }
}

/**
 * How far an anticipated window may really run ahead. A client that takes blocks in order drops everything behind a lost
 * one, so a wide window on a lossy link is mostly sent twice (rule A11 sees that only after 200 blocks).
 */
class AheadLimit {
  #limit = Infinity
  #clean = 0

  /** Blocks that may be outstanding where the policy allows `windowBlocks`. */
  limit(windowBlocks: number): number {
    return Math.min(windowBlocks, this.#limit)
  }

  acked(): void {
    if (++this.#clean < CLEAN_BLOCKS) return
    this.#clean = 0
    this.#limit++
  }

  /** `blocks` had to be sent again at once, out of a window of `windowBlocks`. */
  resent(blocks: number, windowBlocks: number): void {
    if (blocks < DROPPED_TOGETHER || windowBlocks <= LEAST_WINDOW) return
    this.#clean = 0
    this.#limit = Math.max(LEAST_WINDOW, windowBlocks >> 1)
  }
}
