/**
 * How a block that got no answer is brought through (rules A7, A9, A10, A12, A13). A client of the U-Boot 1.1.x family is
 * silent on a repeat of the block that it took last, so a lost acknowledgement cannot be fetched by repeating: a
 * *different* block that it holds already, the nudge, makes it speak again.
 */
import { COUNTER } from './contract.ts'
import { answerWindowMs, type FlowParts, RUN_AHEAD } from './flow.ts'
import type { ClientOrder } from './order.ts'
import { silentAfterRefusal } from './sender-faults.ts'
import { isBeforeWrap, isWrapZero, nearWrap } from './pacer.ts'

/** Rule A7: after this many unanswered nudges the block goes out before the nudge as well: the first frame after a pause may be lost. */
const NUDGES_BEFORE_TRIPLE = 2
/** Rule A7: after this many unanswered nudges the next block is tried, and after each further one the block after it. */
const NUDGES_BEFORE_PROBE = 3
/** Two echoes of repeats make a client one that answers them; a single one may be the network's duplicate. */
const ECHOES = 2
/** A client taken for one that answers repeats and leaves this many unanswered in a row is not one. */
const UNANSWERED_REPEATS = 3
/** A client that was misjudged needs this many times the echoes before it is taken for one that answers repeats again: a transmitter that sends old ACKs (`ack-stale`) imitates them. */
const ECHOES_AFTER_SILENCE = 4
/** Two ACKs of a block within this part of the shortest round trip are one, doubled on its way. */
const COPY_ROUNDS = 0.5
/** Rule A10: after its ERROR the client must acknowledge something within this time. */
const REFUSED_PATIENCE_MS = 5000

/** What recovery sees and does of the window whose base is stuck. */
export interface BlockWindow {
  readonly parts: FlowParts
  /** The lowest unacknowledged block. */
  readonly firstUnacked: number
  /** The lowest block that never left in its turn. */
  nextToSend: number
  /** The highest acknowledged block. */
  readonly highestAcked: number
  readonly progressAt: number
  readonly outstanding: boolean
  readonly order: { readonly order: ClientOrder }
  readonly board: { repeats(seq: number): number }
  repeat(now: number, seq: number): void
}

export class Recovery {
  /** Rule A10: the client answered a block that it did not ask for with an ERROR. */
  refused = false
  /** When the second half of a nudge is due; Infinity when none is under way. */
  dueAt = Infinity
  readonly #flow: BlockWindow
  #answersRepeats = false
  #answersNudges = false
  /** A stall of an in-order client was ended by the next block (A7's last resort). */
  #probesWork = false
  #echoes = 0
  #echoesNeeded = ECHOES
  #repeatSeq = 0
  #repeatAt = -Infinity
  #freshSeq = 0
  #freshAt = -Infinity
  #partner = 0
  #nudgedAt = -Infinity
  #unaskedAt = -Infinity
  #refusedAt = 0
  /** Nudges of the present stall that brought nothing. */
  #unanswered = 0
  #lastAction: 'ack' | 'resend' | 'nudge' | 'probe' = 'ack'

  constructor(flow: BlockWindow) {
    this.#flow = flow
  }

  /** The client was seen to answer a repeat or an old block in the right way: it does not count repeats (rule A13). */
  get takesRepeatsWell(): boolean {
    return this.#answersRepeats || this.#answersNudges
  }

  /** False for what must not be repeated before the client's own timer speaks: at a wrap (A12), to a device that counts repeats (A13). */
  mayRepeatOnTimer(seq: number): boolean {
    const { config, policy } = this.#flow.parts
    if (config.patient) return false
    if (isBeforeWrap(seq, config.rollover)) return !policy.nudges
    return !isWrapZero(seq, config.rollover) || this.#flow.order.order === 'inorder'
  }

  /** The first unacknowledged block got no answer, `tries` times in a row. */
  timeout(now: number, tries: number): void {
    const flow = this.#flow
    if (this.refused && now - Math.max(flow.progressAt, this.#refusedAt) >= REFUSED_PATIENCE_MS) {
      const { config } = flow.parts
      config.fail('ERR_TFTP_PEER_ERROR', silentAfterRefusal(config.peer))
      return
    }
    if (this.#answersRepeats && tries > UNANSWERED_REPEATS) {
      this.#answersRepeats = false
      this.#echoes = 0
      this.#echoesNeeded *= ECHOES_AFTER_SILENCE
    }
    // An in-order client confirms with the next block all before it: nothing is wasted on one that is silent on repeats.
    if (tries === 1 && this.#probesWork && this.#mayProbe()) return this.#probe(now)
    if (!this.#mayNudge() || (tries === 1 && !this.#answersNudges && !this.#repeatedGap())) return this.#resend(now)
    const turn = this.#probesWork || this.#unanswered >= NUDGES_BEFORE_PROBE
    if (turn && this.#lastAction !== 'probe' && this.#mayProbe()) return this.#probe(now)
    this.#nudge(now)
  }

  /** Nothing may be sent: the client's timer has to speak first. */
  waitForClient(): void {
    this.#lastAction = 'ack'
  }

  /** The second half of a nudge: the block that we are waiting for. */
  completeNudge(now: number): void {
    this.dueAt = Infinity
    if (this.#flow.outstanding) this.#flow.repeat(now, this.#flow.firstUnacked)
  }

  repeated(now: number, seq: number): void {
    this.#repeatSeq = seq
    this.#repeatAt = now
  }

  /** Something was sent again so recently that an old ACK may be the answer to it. */
  repeatedLately(now: number): boolean {
    const last = Math.max(this.#repeatAt, this.#nudgedAt, this.#unaskedAt)
    return now - last <= answerWindowMs(this.#flow.parts.rto)
  }

  /** A block ahead of what the client can expect left. */
  sentUnasked(now: number): void {
    this.#unaskedAt = now
  }

  /** Something new was acknowledged. */
  progressed(now: number, seq: number): void {
    const { policy, rto, pacer } = this.#flow.parts
    if (this.#lastAction !== 'ack') {
      // A client that paused answers what came meanwhile only now (lwIP with an ERROR: rule A10).
      this.#unaskedAt = now
      const spontaneous = now - pacer.lastAt > answerWindowMs(rto)
      policy.recovered(now, seq, spontaneous ? 'client' : this.#lastAction)
      if (this.#lastAction === 'probe' && !this.#answersRepeats) this.#probesWork = this.#flow.order.order === 'inorder'
      this.#lastAction = 'ack'
    }
    this.#freshSeq = seq
    this.#freshAt = now
    this.#unanswered = 0
    this.dueAt = Infinity
  }

  /** A repeated ACK: true when it answered a nudge. */
  staleAck(now: number, seq: number): boolean {
    const window = answerWindowMs(this.#flow.parts.rto)
    const pending = this.dueAt !== Infinity
    if (seq === this.#partner && (pending || now - this.#nudgedAt <= window)) {
      // The highest acknowledged block above a gap may have been the block that the client took last but one: no proof that it is.
      if (seq < this.#flow.firstUnacked) this.#answersNudges = true
      if (pending) this.completeNudge(now)
      return pending || seq < this.#flow.firstUnacked
    }
    if (this.#lastAction === 'probe' && seq === this.#flow.firstUnacked - 1 && now - this.#unaskedAt <= window) {
      this.#resend(now)
      return true
    }
    if (
      seq === this.#repeatSeq &&
      now - this.#repeatAt <= window &&
      !this.#isCopy(now, seq) &&
      ++this.#echoes >= this.#echoesNeeded
    )
      this.#answersRepeats = true
    return false
  }

  /** An ERROR 5 that arrives now answers a block which the client did not ask for. */
  wasUnasked(now: number): boolean {
    const flow = this.#flow
    const { pacer, rto } = flow.parts
    if (flow.nextToSend - flow.firstUnacked > 1) this.#unaskedAt = Math.max(this.#unaskedAt, pacer.lastAt)
    const unasked = Math.max(this.#unaskedAt, this.#nudgedAt, this.#repeatAt)
    if (now - unasked > answerWindowMs(rto)) return false
    // Each block of a window brings an ERROR of its own: together they are one refusal.
    if (!this.refused) this.#refusedAt = now
    return true
  }

  /**
   * Two ACKs of one block, closer together than any two answers: the device's transmitter or the network made two of one
   * (`tx-hold-alias`). A client that is silent on repeats would be taken for one that answers them.
   */
  #isCopy(now: number, seq: number): boolean {
    return seq === this.#freshSeq && now - this.#freshAt < COPY_ROUNDS * this.#flow.parts.rto.minMs
  }

  /** The gap was sent again before, when later blocks were acknowledged: the client may hold it as its last one and be silent. */
  #repeatedGap(): boolean {
    const { firstUnacked, highestAcked } = this.#flow
    return firstUnacked < highestAcked && this.#flow.board.repeats(firstUnacked) > 0
  }

  #resend(now: number): void {
    this.#lastAction = 'resend'
    this.#flow.repeat(now, this.#flow.firstUnacked)
  }

  /** A block that the client did not take last: the highest acknowledged block above a gap, the last one under way, else the one before. */
  #partnerOfFirst(): number {
    const { firstUnacked, nextToSend, highestAcked } = this.#flow
    if (highestAcked > firstUnacked) return highestAcked
    return nextToSend - firstUnacked > 1 ? nextToSend - 1 : firstUnacked - 1
  }

  #mayNudge(): boolean {
    const flow = this.#flow
    const { config, policy } = flow.parts
    if (!policy.nudges || this.refused || this.#answersRepeats) return false
    if (flow.firstUnacked < 2 || flow.firstUnacked === config.lastSeq) return false
    return !nearWrap(flow.firstUnacked, config.rollover) && !nearWrap(this.#partnerOfFirst(), config.rollover)
  }

  #nudge(now: number): void {
    const flow = this.#flow
    const { counters, pacer, rto } = flow.parts
    this.#lastAction = 'nudge'
    counters[COUNTER.nudges]++
    if (this.#unanswered >= NUDGES_BEFORE_TRIPLE) flow.repeat(now, flow.firstUnacked)
    this.#unanswered++
    this.#partner = this.#partnerOfFirst()
    this.#nudgedAt = now
    pacer.once(now, this.#partner)
    this.dueAt = now + rto.roundsMs(2, 1)
  }

  #mayProbe(): boolean {
    const { firstUnacked, nextToSend, highestAcked, parts } = this.#flow
    if (this.refused || highestAcked > firstUnacked || nextToSend - firstUnacked >= RUN_AHEAD) return false
    return (
      nextToSend < parts.config.lastSeq &&
      !nearWrap(nextToSend, parts.config.rollover) &&
      !nearWrap(firstUnacked, parts.config.rollover)
    )
  }

  /** Rule A7's last resort: the next block. Whatever the client makes of it tells where it stands (A1). */
  #probe(now: number): void {
    const flow = this.#flow
    this.#lastAction = 'probe'
    this.sentUnasked(now)
    flow.parts.pacer.run(now, flow.nextToSend, 1, true)
    flow.nextToSend++
  }
}
