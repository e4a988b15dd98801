/**
 * How a block that got no answer is brought through (rules A7, A9, A10, A12, A13). A client of the U-Boot 1.1.x family is
 * silent on a repeat of the block that it took last, so a lost acknowledgement cannot be fetched by repeating: a
 * *different* block that it holds already, the nudge, makes it speak again.
 */
import { COUNTER } from './contract.ts'
import { orderOf } from './order.ts'
import { isNewSpan } from './questions.ts'
import { repeatsOf } from './scoreboard.ts'
import { silentAfterRefusal } from './sender-faults.ts'
import { fail, type SenderState } from './sender-state.ts'
import { type Action, NOTHING, outstanding } from './transmit.ts'
import { answerWindowMs } from './waits.ts'
import { runAheadEnd } from './window.ts'
import { isBeforeWrap, isWrapZero, nearWrap } from './wrap.ts'

/** Each third try sends everything that is out once more, in order, and the next block. */
const CATCH_UP_TURN = 3
/** The same, of a client that is proved to take blocks in order, and from the first try on. */
const INORDER_TURN = 2
/** This many blocks run ahead one after the other before another question has its turn. */
const PROBES_IN_A_ROW = 2
/** At most this many blocks that ran ahead leave again together. */
const MOST_CAUGHT_UP = 8
/** At most this many blocks of an open window leave again together. */
const MOST_AGAIN = 4
/** To a client that seems to answer repeats each fourth try is a nudge. */
const NUDGE_TURN = 4
/** Rule A7: after this many unanswered nudges the block goes out before the nudge as well: the first frame after a pause may be lost. */
const NUDGES_BEFORE_TRIPLE = 2
/** Rule A7: after this many unanswered nudges the next block is tried, and after each further one the block after it: every client that has the block before answers it. */
const NUDGES_BEFORE_PROBE = 1
/** A client taken for one that answers repeats and leaves this many unanswered in a row is not one. */
const UNANSWERED_REPEATS = 3
/** A client that was misjudged needs this many times the echoes before it is taken for one that answers repeats again: a transmitter that sends old ACKs (`ack-stale`) imitates them. */
const ECHOES_AFTER_SILENCE = 4
/** Two ACKs of a block within this part of the shortest round trip are one, doubled on its way. */
const COPY_ROUNDS = 0.5
/** Rule A10: after its ERROR the client must acknowledge something within this time. */
const REFUSED_PATIENCE_MS = 5000

/** False for what must not be repeated before the client's own timer speaks: at a wrap (A12), to a device that counts repeats (A13). */
export function mayRepeatOnTimer(s: SenderState, seq: number): boolean {
  const { policy, rollover } = s
  if (s.patient) return false
  if (isBeforeWrap(seq, rollover)) return !policy.nudges
  return !isWrapZero(seq, rollover) || orderOf(s) === 'inorder'
}

/** The first unacknowledged block got no answer, `tries` times in a row. */
export function decideTimeout(s: SenderState, now: number, tries: number): Action {
  if (s.refused && now - Math.max(s.progressAt, s.refusedAt) >= REFUSED_PATIENCE_MS) {
    fail(s, 'ERR_TFTP_PEER_ERROR', silentAfterRefusal(s.peer))
    return NOTHING
  }
  if (s.answersRepeats && tries > UNANSWERED_REPEATS) {
    s.answersRepeats = false
    s.echoes = 0
    s.echoesNeeded *= ECHOES_AFTER_SILENCE
  }
  if (isCatchUpDue(s, now, tries)) {
    s.lastAction = 'probe'
    s.unaskedAt = now
    return catchUp(s, mayProbe(s), tries % (2 * CATCH_UP_TURN) === 0)
  }
  // An in-order client confirms with the next block all before it: nothing is wasted on one that is silent on repeats.
  if ((s.probesWork || orderOf(s) === 'inorder') && mayProbe(s)) return probe(s, now)
  if (!mayNudge(s) || (tries === 1 && !s.answersNudges && !isRepeatedGap(s))) return resend(s)
  // It answers repeats of the block that it took last, which is the last one out if it counts in order.
  if (!s.answersNudges && s.plainEnds >= s.plainEndsNeeded && tries % NUDGE_TURN !== 0) {
    return s.nextToSend - s.firstUnacked === 1 ? resend(s) : resendWindow(s)
  }
  const turn = s.probesWork || s.unanswered >= NUDGES_BEFORE_PROBE
  const isProbed = s.lastAction === 'probe' && s.nextToSend - s.endInTurn >= PROBES_IN_A_ROW
  if (turn && !isProbed && mayProbe(s)) return probe(s, now)
  return nudge(s, now)
}

/** The second half of a nudge: the block that we are waiting for. */
export function decideNudgeEnd(s: SenderState): Action {
  s.nudgeAt = Infinity
  return outstanding(s) ? { type: 'repeat', seq: s.firstUnacked } : NOTHING
}

/** Something was sent again so recently that an old ACK may be the answer to it. */
export function repeatedLately(s: SenderState, now: number): boolean {
  const last = Math.max(s.repeatAt, s.nudgedAt, s.unaskedAt)
  return now - last <= answerWindowMs(s.rto)
}

/** Something new was acknowledged, after something was sent out of turn. */
export function noteRecovery(s: SenderState, now: number, seq: number): void {
  // A client that paused answers what came meanwhile only now (lwIP with an ERROR: rule A10).
  s.unaskedAt = now
  const spontaneous = now - s.lastSentAt > answerWindowMs(s.rto)
  if (!spontaneous && s.lastAction === 'nudge' && s.partner < seq) {
    // Repeats alone brought nothing this time: it was misjudged.
    if (s.plainEnds >= s.plainEndsNeeded) {
      s.plainEnds = 0
      s.plainEndsNeeded *= ECHOES_AFTER_SILENCE
    } else s.plainEnds++
  }
  s.policy.recovered(now, seq, spontaneous ? 'client' : s.lastAction)
  if (s.lastAction === 'probe' && !s.answersRepeats) s.probesWork = orderOf(s) === 'inorder'
  s.lastAction = 'ack'
}

/** A repeated ACK: what follows when it answers something of ours; undefined when it does not. */
export function decideStale(s: SenderState, now: number, seq: number): Action | undefined {
  const window = answerWindowMs(s.rto)
  const pending = s.nudgeAt !== Infinity
  if (seq === s.partner && (pending || now - s.nudgedAt <= window)) {
    // The highest acknowledged block above a gap may have been the block that the client took last but one: no proof that it is.
    const isNudged = seq < s.firstUnacked
    if (isNudged) {
      s.answersNudges = true
      s.plainEnds = 0
    }
    if (pending) return decideNudgeEnd(s)
    return isNudged ? NOTHING : undefined
  }
  if (s.lastAction === 'probe' && seq === s.firstUnacked - 1 && now - s.unaskedAt <= window) return resend(s)
  if (seq === s.repeatSeq && now - s.repeatAt <= window && !isCopy(s, now, seq) && ++s.echoes >= s.echoesNeeded)
    s.answersRepeats = true
  return undefined
}

/** When a block left last that the client did not ask for. */
export function unaskedSince(s: SenderState): number {
  return Math.max(s.unaskedAt, s.nudgedAt, s.repeatAt)
}

/**
 * What an ERROR 5 that arrives now answers: a block that left just now and that the client did not ask for, `at-once`; or such a block that
 * left earlier, `late`, because a client that paused answers one after the other what came meanwhile. A late one proves nothing: any host
 * may send it for a transfer that it does not know. `no` is the end of the transfer.
 */
export function answersUnasked(s: SenderState, now: number): 'at-once' | 'late' | 'no' {
  if (s.nextToSend - s.firstUnacked > 1) s.unaskedAt = Math.max(s.unaskedAt, s.lastSentAt)
  const isLate = now - unaskedSince(s) > answerWindowMs(s.rto)
  if (isLate && (s.unaskedLeft === 0 || s.firstUnacked === s.lastSeq)) return 'no'
  if (s.unaskedLeft > 0) s.unaskedLeft--
  // Each block of a window brings an ERROR of its own: together they are one refusal.
  if (!s.refused) s.refusedAt = now
  return isLate ? 'late' : 'at-once'
}

/**
 * Two ACKs of one block, closer together than any two answers: the device's transmitter or the network made two of one
 * (`tx-hold-alias`). A client that is silent on repeats would be taken for one that answers them.
 */
function isCopy(s: SenderState, now: number, seq: number): boolean {
  return seq === s.freshSeq && now - s.freshAt < COPY_ROUNDS * s.rto.minMs
}

/** The gap was sent again before, when later blocks were acknowledged: the client may hold it as its last one and be silent. */
function isRepeatedGap(s: SenderState): boolean {
  return s.firstUnacked < s.highestAcked && repeatsOf(s.board, s.firstUnacked) > 0
}

function resend(s: SenderState): Action {
  s.lastAction = 'resend'
  return { type: 'repeat', seq: s.firstUnacked }
}

/**
 * A client that takes blocks in order may stand anywhere between what it acknowledged and what is out: of what is out it takes what it
 * lacks, and acknowledges that. Where the order is only likely, other questions have their turns first.
 */
function isCatchUpDue(s: SenderState, now: number, tries: number): boolean {
  if (s.refused) return false
  const order = orderOf(s)
  if (order === 'inorder') return tries % INORDER_TURN === 1
  if (order === 'any' || s.nextToSend - s.firstUnacked < 2) return false
  // Nothing was out when the silence began: two blocks run ahead first.
  const turn = s.endInTurn - s.firstUnacked > 1 ? 0 : PROBES_IN_A_ROW
  return (tries > PROBES_IN_A_ROW && tries % CATCH_UP_TURN === turn) || isNewSpan(s, now)
}

/**
 * What is out, in order, and the next block when that may leave. Of much the beginning and the end take turns: a client that lost DATA
 * stands near the one, a client whose ACKs were lost near the other.
 */
function catchUp(s: SenderState, isAheadToo: boolean, atEnd: boolean): Action {
  const last = s.nextToSend - 1
  const from = atEnd ? Math.max(s.firstUnacked, last - MOST_CAUGHT_UP + 1) : s.firstUnacked
  const to = Math.min(last, from + MOST_CAUGHT_UP - 1)
  return { type: isAheadToo && to === last ? 'catch-up' : 'again', from, to }
}

/** A client in order takes of it what it lacks, and answers the last one in any case. */
function resendWindow(s: SenderState): Action {
  s.lastAction = 'resend'
  return { type: 'again', from: s.firstUnacked, to: Math.min(s.nextToSend - 1, s.firstUnacked + MOST_AGAIN - 1) }
}

/** A block that the client did not take last: the highest acknowledged block above a gap, the last one under way, else the one before. */
function partnerOfFirst({ firstUnacked, nextToSend, highestAcked }: SenderState): number {
  if (highestAcked > firstUnacked) return highestAcked
  return nextToSend - firstUnacked > 1 ? nextToSend - 1 : firstUnacked - 1
}

function mayNudge(s: SenderState): boolean {
  const { rollover, policy, firstUnacked } = s
  if (!policy.nudges || s.refused || s.answersRepeats) return false
  if (firstUnacked < 2 || firstUnacked === s.lastSeq) return false
  return !nearWrap(firstUnacked, rollover) && !nearWrap(partnerOfFirst(s), rollover)
}

function nudge(s: SenderState, now: number): Action {
  const first = s.unanswered >= NUDGES_BEFORE_TRIPLE ? s.firstUnacked : 0
  s.lastAction = 'nudge'
  s.counters[COUNTER.nudges]++
  s.unanswered++
  s.partner = partnerOfFirst(s)
  s.nudgedAt = now
  s.nudgeAt = now + s.rto.roundsMs(2, 1)
  return { type: 'nudge', partner: s.partner, first }
}

function mayProbe(s: SenderState): boolean {
  const { firstUnacked, nextToSend, highestAcked, rollover } = s
  if (s.refused || highestAcked > firstUnacked) return false
  if (nextToSend >= runAheadEnd(s)) return false
  // Never the final block (rule A4).
  return nextToSend < s.lastSeq && !nearWrap(nextToSend, rollover) && !nearWrap(firstUnacked, rollover)
}

/** Rule A7's last resort: the next block. Whatever the client makes of it tells where it stands (A1). */
function probe(s: SenderState, now: number): Action {
  s.lastAction = 'probe'
  s.unaskedAt = now
  return { type: 'ahead' }
}
