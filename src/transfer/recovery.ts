/**
 * How a block that got no answer is brought through (rules A7, A9, A10, A12, A13). A client of the U-Boot 1.1.x family is
 * silent on a repeat of the block that it took last, so a lost acknowledgement cannot be fetched by repeating: a
 * *different* block that it holds already, the nudge, makes it speak again.
 */
import { COUNTER } from './contract.ts'
import { decideNew, isAboveDoubtfulGap, orderOf } from './order.ts'
import { isSilentFor, leftToAsk, MOST_ASKED } from './questions.ts'
import { repeatsOf } from './scoreboard.ts'
import { silentAfterRefusal } from './sender-faults.ts'
import { fail, type SenderState } from './sender-state.ts'
import { type Action, NOTHING, outstanding } from './transmit.ts'
import { answerWindowMs, LONGEST_PAUSE_MS, PAUSED_MS, soonestAnswerMs } from './waits.ts'
import { isOrderFound, runAheadEnd } from './window.ts'
import { isBeforeWrap, isWrapZero, nearWrap } from './wrap.ts'

/** Of an open window each third try sends everything that is out once more, in order, and the next block. */
const CATCH_UP_TURN = 3
/** A client that is proved to take blocks in order is asked at both ends in turn. */
const INORDER_TURN = 2
/** When the turn of the first unacknowledged block comes again, it leaves with the blocks behind it, this many in all. */
const INORDER_RUN = 3
/** The same of a client in order that answers repeats: its turns where two blocks are out, and the run where more are, at which try. */
const ANSWERED_TURN = 3
const ANSWERED_RUN = 5
const ANSWERED_RUN_TRY = 3
/** Stalls that `firstHelps` remembers: what a link loses more often may change. */
const MOST_HELPED = 4
/** Just before the final block each such try is the block before. */
const BEFORE_TURN = 4
/** After the first second of silence each third try is about a block between the two ends. */
const BETWEEN_TURN = 3
/** This many blocks run ahead one after the other before another question has its turn. */
const PROBES_IN_A_ROW = 2
/** A client that named the block before gets the first unacknowledged block at each try but these. */
const LACKS_TURN = 3
/** Above a gap of a client whose order is in doubt each third try is a new block, once it left this many questions unanswered. */
const NEW_TURN = 3
/** At most this many blocks that ran ahead leave again together. */
const MOST_CAUGHT_UP = 8
/** The same at their end, where the next block leaves as well. */
const MOST_AT_END = 5
/** At most this many blocks of an open window leave again together. */
const MOST_AGAIN = 4
/** A client that seems to answer repeats gets nudges from this try on. */
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
/** Rule A10: after its ERROR the client must acknowledge something within this time, and not before its own timer had time to speak. */
const REFUSED_PATIENCE_MS = 5000
const REFUSED_TIMEOUTS = 1.5

/** False for what must not be repeated before the client's own timer speaks: at a wrap (A12), to a device that counts repeats (A13). */
export function mayRepeatOnTimer(s: SenderState, seq: number): boolean {
  const { policy, rollover } = s
  if (s.patient) return false
  if (isBeforeWrap(seq, rollover)) return !policy.nudges
  return !isWrapZero(seq, rollover) || orderOf(s) === 'inorder'
}

/** The first unacknowledged block got no answer, `tries` times in a row. */
export function decideTimeout(s: SenderState, now: number, tries: number): Action {
  const patienceMs = Math.max(REFUSED_PATIENCE_MS, REFUSED_TIMEOUTS * s.clientTimeoutMs)
  if (s.refused && now - Math.max(s.progressAt, s.refusedAt) >= patienceMs) {
    fail(s, 'ERR_TFTP_PEER_ERROR', silentAfterRefusal(s.peer))
    return NOTHING
  }
  if (s.answersRepeats && tries > UNANSWERED_REPEATS) {
    s.answersRepeats = false
    s.echoes = 0
    s.echoesNeeded *= ECHOES_AFTER_SILENCE
  }
  if (s.lacks === s.firstUnacked && s.firstUnacked >= s.highestAcked && tries % LACKS_TURN !== 0) return resend(s)
  if (isCatchUpDue(s, now, tries)) {
    s.lastAction = 'probe'
    s.unaskedAt = now
    // Every second try may be the only one that has room for a run: both ends have to come by even then.
    const isAtEnd =
      orderOf(s) === 'inorder' ? tries % (2 * INORDER_TURN) < INORDER_TURN : tries % (2 * CATCH_UP_TURN) === 0
    return catchUp(s, mayProbe(s), isAtEnd)
  }
  if (orderOf(s) === 'inorder') return askInOrder(s, now, tries)
  if (tries % NEW_TURN === 0 && s.asked >= NEW_TURN && isAboveDoubtfulGap(s)) {
    s.lastAction = 'probe'
    return decideNew(s)
  }
  if (hasRunAhead(s) && mayProbe(s)) return askAround(s, now, tries)
  if (!mayNudge(s) || (tries === 1 && !s.answersNudges && !isRepeatedGap(s))) return resend(s)
  // It answers repeats of the block that it took last, which is the last one out if it counts in order.
  if (!s.answersNudges && s.plainEnds >= s.plainEndsNeeded && tries < NUDGE_TURN) {
    return s.nextToSend - s.firstUnacked === 1 ? resend(s) : resendWindow(s)
  }
  if (s.unanswered >= NUDGES_BEFORE_PROBE && mayProbe(s)) {
    return s.nextToSend - s.firstUnacked > PROBES_IN_A_ROW && tries % CATCH_UP_TURN !== 0 ? resend(s) : probe(s, now)
  }
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
  // A new device that pauses for so long gets no repeat (A6): what was asked was in vain.
  if (
    now - s.lastSentAt > PAUSED_MS &&
    s.known &&
    s.policy.windowBlocks === 1 &&
    now - s.progressAt < s.policy.firstRtoMs
  ) {
    s.known = false
    s.everTimedOut = false
  }
  if (!spontaneous && s.lastAction === 'resend' && s.nextToSend - s.firstUnacked > 1) noteHelped(s)
  notePause(s, now, seq)
  s.policy.recovered(now, seq, spontaneous ? 'client' : s.lastAction)
  s.probesWork = orderOf(s) === 'inorder' && seq > s.firstUnacked
  s.lastAction = 'ack'
}

/** A repeat ended the silence of a client with several blocks out: of the first one, so DATA was lost, or of a later one, so its ACKs were. */
function noteHelped(s: SenderState): void {
  const helps = s.firstHelps + (s.repeatSeq === s.firstUnacked ? 1 : -1)
  s.firstHelps = Math.max(-MOST_HELPED, Math.min(MOST_HELPED, helps))
}

/** Rule A6: what was asked was in vain, as the client went on by itself; or it did not pause, as that ended its silence. */
function notePause(s: SenderState, now: number, seq: number): void {
  if (s.rto.srttMs === 0) return
  const sinceMs = now - s.lastSentAt
  const silentMs = now - s.progressAt
  if (sinceMs <= answerWindowMs(s.rto)) {
    if (sinceMs >= soonestAnswerMs(s.rto)) s.pauseMs = 0
  } else if (sinceMs > PAUSED_MS && silentMs <= LONGEST_PAUSE_MS && seq === s.firstUnacked) {
    s.pauseMs = Math.max(s.pauseMs, silentMs)
  }
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
      // It is nudged again, and soon; one that stores any block answers the next one as well, whatever it has.
      if (orderOf(s) !== 'any' && s.timeouts <= NUDGE_TURN) s.unanswered = 0
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
 * may send it for a transfer that it does not know. `no` is the end of the transfer. A client that is alive answers a copy that the network made.
 */
export function answersUnasked(s: SenderState, now: number, isAlive: boolean): 'at-once' | 'late' | 'no' {
  if (s.nextToSend - s.firstUnacked > 1) s.unaskedAt = Math.max(s.unaskedAt, s.lastSentAt)
  const isLate = now - unaskedSince(s) > answerWindowMs(s.rto)
  if (isLate && !isAlive && (s.unaskedLeft === 0 || s.firstUnacked === s.lastSeq)) return 'no'
  if (s.unaskedLeft > 0) s.unaskedLeft--
  // Each block of a window brings an ERROR of its own: together they are one refusal.
  if (!s.refused) {
    s.refusedAt = now
    s.unaskedLeft += Math.max(0, s.nextToSend - s.firstUnacked - 1)
  }
  return isLate ? 'late' : 'at-once'
}

/**
 * Two ACKs of one block, closer together than any two answers: the device's transmitter or the network made two of one
 * (`tx-hold-alias`). A client that is silent on repeats would be taken for one that answers them.
 */
export function isCopy(s: SenderState, now: number, seq: number): boolean {
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
  // Of two blocks out each is asked about all the time.
  const isWide = s.nextToSend - s.firstUnacked > 2 || s.order?.answersRepeats !== true
  if (order === 'inorder') return isWide && isSilentFor(s, now, 1)
  if (order === 'any' || s.nextToSend - s.firstUnacked < 2) return false
  return (!isLockStep(s) && tries % CATCH_UP_TURN === 0) || isSilentFor(s, now, 2)
}

/** Nothing but the first unacknowledged block was out when the silence began. */
function isLockStep(s: SenderState): boolean {
  return s.endInTurn - s.firstUnacked === 1
}

function hasRunAhead(s: SenderState): boolean {
  return s.nextToSend - s.endInTurn >= PROBES_IN_A_ROW
}

/**
 * Two blocks ran ahead, in vain. The first unacknowledged block, the one behind it and the next one leave in turn: each client answers
 * the one that it lacks, and U-Boot 1.1.x any that is not the one before.
 */
function askAround(s: SenderState, now: number, tries: number): Action {
  const turn = tries % CATCH_UP_TURN
  if (turn === 0) return probe(s, now)
  s.lastAction = 'resend'
  return { type: 'repeat', seq: turn === 1 ? s.firstUnacked : blockBehind(s, tries) }
}

/** The block behind the first unacknowledged one; after the first second of silence each that is out, one after the other. */
function blockBehind({ firstUnacked, nextToSend, asked }: SenderState, tries: number): number {
  const turn = asked < MOST_ASKED ? 0 : Math.floor(tries / CATCH_UP_TURN) % (nextToSend - firstUnacked - 1)
  return firstUnacked + 1 + turn
}

/**
 * A client in order that fell silent lacks the first unacknowledged block, or has all that is out and its ACKs were lost. The two are asked
 * about in turn, first with one block each, then with the blocks behind them, because each of those brings an answer as well: ACKs are lost in bursts.
 */
function askInOrder(s: SenderState, now: number, tries: number): Action {
  // Before the final block nothing may run ahead (A4): a client that is mute here is asked with the block before as well.
  if (s.firstUnacked === s.lastSeq - 1 && tries % BEFORE_TURN === 0) {
    s.lastAction = 'resend'
    return { type: 'repeat', seq: s.firstUnacked - 1 }
  }
  if (s.order?.answersRepeats === true) return askAnswering(s, tries)
  // Behind the last block but one nothing moves a client on (A4): what a burst of losses takes is spent on a repeat of the block before it.
  const isLastMove = tries === 1 && s.nextToSend === s.lastSeq - 1
  const isAtEnd = !isLastMove && tries % INORDER_TURN === (s.probesWork ? 1 : 0)
  const last = s.nextToSend - 1
  if (isAtEnd && mayProbe(s)) {
    if (last < s.endInTurn) return probe(s, now)
    s.lastAction = 'probe'
    s.unaskedAt = now
    return { type: 'catch-up', from: last, to: last }
  }
  if (tries <= INORDER_TURN) return resend(s)
  s.lastAction = 'resend'
  const isAll = last - s.firstUnacked + 2 <= leftToAsk(s, now) && mayProbe(s)
  if (isAll) return { type: 'catch-up', from: s.firstUnacked, to: last }
  return { type: 'again', from: s.firstUnacked, to: Math.min(last, s.firstUnacked + INORDER_RUN - 1) }
}

/**
 * The same of a client that answers a repeat of the block that it took last: the first unacknowledged block and the last one out are
 * repeated in turn, nothing runs ahead. Of two blocks the last is repeated twice as often: it is answered wherever the client stands, once
 * the first has arrived. Of more, all leave once, because the client may stand between.
 */
function askAnswering(s: SenderState, tries: number): Action {
  const last = s.nextToSend - 1
  const isWide = last - s.firstUnacked > 1
  s.lastAction = 'resend'
  if (isWide && tries === ANSWERED_RUN_TRY) {
    return { type: 'again', from: s.firstUnacked, to: Math.min(last, s.firstUnacked + ANSWERED_RUN - 1) }
  }
  if (isWide && tries >= MOST_ASKED && tries % BETWEEN_TURN === 0)
    return { type: 'repeat', seq: blockBetween(s, tries) }
  if (isWide) return { type: 'repeat', seq: tries % INORDER_TURN === 1 ? s.firstUnacked : last }
  const isFirst = s.firstHelps > 0 ? tries % ANSWERED_TURN !== 0 : tries % ANSWERED_TURN === 1
  return { type: 'repeat', seq: isFirst ? s.firstUnacked : last }
}

/** The blocks between the first unacknowledged one and the last one out, one after the other. */
function blockBetween({ firstUnacked, nextToSend }: SenderState, tries: number): number {
  return firstUnacked + 1 + (Math.floor(tries / BETWEEN_TURN) % (nextToSend - firstUnacked - 2))
}

/**
 * What is out, in order, and the next block when that may leave. Of much the beginning and the end take turns: a client that lost DATA
 * stands near the one, a client whose ACKs were lost near the other.
 */
function catchUp(s: SenderState, isAheadToo: boolean, atEnd: boolean): Action {
  const last = s.nextToSend - 1
  const from = atEnd ? Math.max(s.firstUnacked, last - MOST_AT_END + 1) : s.firstUnacked
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
  if (!policy.nudges || s.refused || s.answersRepeats || s.mayCountRepeats) return false
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
  if (s.refused || s.mayCountRepeats || highestAcked > firstUnacked || !isOrderFound(s)) return false
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
