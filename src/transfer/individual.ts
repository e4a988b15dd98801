/**
 * Blocks that the client did not negotiate a window for: lock-step and anticipation (rules A1 to A14). One
 * acknowledgement per block; the window slides over a contiguous run only, and the final block travels last and alone.
 */
import { COUNTER } from './contract.ts'
import { CLIENT_TIMER_MS, contactWaitMs, mostRepeats } from './first-contact.ts'
import { cameTooSoon, holdAfterRepeat, neverSent } from './hold.ts'
import { outOfPlace } from './oddities.ts'
import { decideQuestion, isQuestionDue, orderOf, searchOf } from './order.ts'
import {
  askAgainAt,
  canAsk,
  leftToAsk,
  mayAsk,
  MOST_ASKED,
  noteAsked,
  RUN_SPACING_MS,
  stopAsking,
} from './questions.ts'
import type { Reading } from './reading.ts'
import {
  answersUnasked,
  decideNudgeEnd,
  decideStale,
  decideTimeout,
  isCopy,
  mayRepeatOnTimer,
  noteRecovery,
  repeatedLately,
  unaskedSince,
} from './recovery.ts'
import { clearSlot, isAcked, isSent, markAcked, repeatedAt, repeatsOf, reserve, sentAt } from './scoreboard.ts'
import { neverBegan, neverEnded, storedAnyOrder } from './sender-faults.ts'
import { contactOf, fail, type SenderState } from './sender-state.ts'
import { type Action, advanceTo, carryOut, forgetAhead, outstanding, pace, sendFirst, sendNew } from './transmit.ts'
import { datagramsOf, shortened } from './action-size.ts'
import {
  answerWaitMs,
  answerWindowMs,
  FAST_OACK_MS,
  gapSpacingMs,
  LONGEST_PAUSE_MS,
  PAUSED_MS,
  LIKE_BY_CHANCE,
  pauseWaitMs,
  slowestMs,
  soonestAnswerMs,
  waitsFrom,
} from './waits.ts'
import { countClean, countDropped, runAheadEnd, windowOf } from './window.ts'

/** After this many questions without a result, questions leave as rarely as anything else is repeated (A14). */
const MOST_QUESTIONS = 60
/** At most this many doublings of the timeout outlive a repeated block. */
const KEPT_BACKOFF = 2
/** An answer to a question about the order (A1) is waited for this long at least. */
const QUESTION_MS = 10
/** The same where a link on the way may fall asleep after a few milliseconds. */
const HURRIED_QUESTION_MS = 1.5
/** … and this long, and this many of the shortest round trips, at most. */
const LONGEST_QUESTION_MS = 25
const LONGEST_QUESTION_ROUNDS = 20
/** The network may deliver a copy of an ACK this late. The timer of a client that stores any block rings later than this after its last ACK. */
const LATE_COPY_MS = 200
/** A round trip so much shorter than the smoothed one shows that those before were none: timers of the client, or its pauses (rule A6). */
const CORRECTED_SHARE = 1 / 4
/** … where it is longer than this: what the network delays is shorter. */
const LONG_MS = 20
/**
 * This many questions leave one right behind the other. A link that fell asleep loses the first frame that wakes it, each way: the answer to the second
 * question wakes it on the way back, and the answer to the third arrives. That is tried in the second second of a silence, and from then on as soon as it helped once.
 */
const RUN_BLOCKS = 3
/** This many answers in a row that came equally long after a repeat show the round trip (rule A6): two by chance, and two after half the wait. */
const LIKE_ANSWERS = 4
/** Times are equal that differ by PAUSED_MS, or by this share. */
const LIKE_SHARE = 1 / 4
/** … where the last of them had waited for this share of the first one at most. */
const SHORTER_SHARE = 3 / 4
/** From this repeat of DATA 1 on the next block follows it. */
const REPEATS_OF_FIRST = 2
/** A client with a timer of this at most is waited for. */
const SHORT_TIMER_MS = 1000

export const INDIVIDUAL: Reading = { open, acked, timer, refused }

function open(s: SenderState, now: number): void {
  s.progressAt = now
  sendFirst(s, now)
  s.contactRepeats = 0
  if (s.rto.srttMs > FAST_OACK_MS) s.pauseMs = slowestMs(s, 1)
  s.contactAt = now + firstWaitMs(s)
}

function acked(s: SenderState, now: number, seq: number): void {
  const { counters } = s
  counters[COUNTER.acks]++
  if (seq > s.highestSent || (seq >= s.firstUnacked && !isSent(s.board, seq))) {
    counters[COUNTER.ignored]++
    neverSent(s, seq)
    return
  }
  const isSpent = s.asked > 0 && !canAsk(s, now, 1)
  stopAsking(s)
  if (seq < s.firstUnacked || isAcked(s.board, seq)) {
    stale(s, now, seq, isSpent)
    // The timer waited until more might be asked.
    if (isSpent && s.failure === undefined) arm(s, now)
    return
  }
  if (!fresh(s, now, seq)) return
  slide(s)
  fillGap(s, now)
  sendNew(s, now)
  arm(s, now)
}

function timer(s: SenderState, now: number): void {
  if (s.paceAt <= now) {
    pace(s, now)
    arm(s, now)
  }
  if (s.heldUntil <= now) {
    s.heldUntil = Infinity
    sendNew(s, now)
    arm(s, now)
  }
  if (s.contactAt <= now) firstContact(s, now)
  if (s.nudgeAt <= now) {
    carryOut(s, now, decideNudgeEnd(s))
    arm(s, now)
  }
  if (s.retryAt <= now) timeout(s, now)
}

function refused(s: SenderState, now: number, isAlive: boolean): boolean {
  const answer = answersUnasked(s, now, isAlive)
  if (answer === 'no') return false
  const isProof = answer === 'at-once'
  if (s.refused) {
    if (isProof) refusedAgain(s, now)
    return true
  }
  s.refused = true
  s.policy.refused(now)
  // The client spoke.
  stopAsking(s)
  if (isProof && s.firstUnacked < s.highestAcked && searchOf(s).provenInorder()) {
    s.progressAt = now
    confirmUpToHighest(s)
  }
  forgetAhead(s)
  if (outstanding(s)) s.retryAt = now + answerWaitMs(s, now, 0)
  else {
    sendNew(s, now)
    arm(s, now)
  }
  return true
}

/**
 * A client that looks at the order answers the block that it expects and the one before with an ACK. If it refuses a
 * repeat of the first unacknowledged block, it is further on: it took that one and the next, which ran ahead, and both ACKs were lost.
 */
function refusedAgain(s: SenderState, now: number): void {
  if (s.lastRepeat !== s.firstUnacked || s.highestSent <= s.firstUnacked) return
  // The network may have doubled the first ERROR: what left before it, or has just left, has no answer yet.
  if (s.repeatAt <= s.refusedAt || now - s.repeatAt < soonestAnswerMs(s.rto)) return
  if (!searchOf(s).provenInorder()) return
  stopAsking(s)
  markAcked(s.board, s.firstUnacked)
  slide(s)
  sendNew(s, now)
  arm(s, now)
}

/** Sets the timer anew from now on. */
function arm(s: SenderState, now: number): void {
  // Until the first answer the timetable of rule A5 holds.
  if (!outstanding(s) || s.highestAcked === 0) {
    s.retryAt = Infinity
    return
  }
  const isGap = s.firstUnacked < s.highestAcked
  if (isGap && isQuestionDue(s) && s.timeouts < MOST_QUESTIONS && canAsk(s, now, 1)) {
    s.retryAt = now + questionWaitMs(s)
    return
  }
  const wait = isInRun(s, s.timeouts) ? runSpacingMs(s) : answerWaitMs(s, now, s.timeouts, s.backoff)
  // A client that acknowledges later blocks is not pausing.
  const first = s.everTimedOut || s.known || isGap ? 0 : s.policy.firstRtoMs
  const pause = s.timeouts > 0 || isGap ? 0 : pauseWaitMs(s)
  s.retryAt = waitsFrom(s, now) + Math.max(wait, first, pause)
  if (s.asked > 0 && !canAsk(s, now, 1)) s.retryAt = Math.max(s.retryAt, askAgainAt(s, 1))
}

/** A client that pauses makes SRTT many times the shortest round trip. Questions that wait for so long prove nothing any more (rule A1). */
function questionWaitMs({ rto, order }: SenderState): number {
  const shortestMs = Math.min(rto.minMs, order?.answerMs ?? Infinity)
  const leastMs = order?.isHurried === true ? HURRIED_QUESTION_MS : QUESTION_MS
  return Math.min(rto.roundsMs(3, leastMs), Math.max(LONGEST_QUESTION_MS, LONGEST_QUESTION_ROUNDS * shortestMs))
}

/** The second half of a nudge left two round trips behind the first, and counts from there a second later. */
function runSpacingMs({ asked, rto }: SenderState): number {
  return asked > MOST_ASKED ? RUN_SPACING_MS + rto.roundsMs(2, 1) : RUN_SPACING_MS
}

/** Rule A14: a device that counts repeats, or may, gets no run. */
function isInRun(s: SenderState, timeouts: number): boolean {
  if (timeouts === 0) return false
  const { runsHelp, asked, policy, patient, mayCountRepeats } = s
  if (!policy.nudges || patient || mayCountRepeats) return false
  if (runsHelp && timeouts < RUN_BLOCKS) return true
  return (runsHelp || asked > MOST_ASKED) && timeouts % MOST_ASKED > MOST_ASKED - RUN_BLOCKS
}

/** The client order was proved to be `inorder`: everything up to the highest acknowledged block is there. */
function confirmUpToHighest(s: SenderState): void {
  for (let seq = s.firstUnacked; seq <= s.highestAcked; seq++) markAcked(s.board, seq)
  slide(s)
}

/** Something new was acknowledged; false when it ends the transfer. */
function fresh(s: SenderState, now: number, seq: number): boolean {
  const { rto, policy, board } = s
  const repeats = repeatsOf(board, seq)
  const leftAt = sentAt(board, seq)
  let rttMs = 0
  // Karn's rule, and more: the ACK of a block that waited through a timeout may have been caused by what was sent then.
  if (repeats === 0 && leftAt > s.lostBefore) {
    rttMs = now - leftAt
    if ((s.patient || s.mayCountRepeats) && cameTooSoon(s, seq, rttMs)) return false
    // What nothing of ours repeats, the client's own timer acknowledges once more: that is no round trip.
    if (!s.patient || rttMs < CLIENT_TIMER_MS) timed(s, now, seq, rttMs)
    s.counters[COUNTER.srttMs] = rto.srttMs
  } else if (rto.srttMs > 0) resampled(s, now, seq)
  if (rto.srttMs === 0) untimed(s, now, seq)
  markAcked(board, seq)
  // What left before it is answered: packets do not overtake each other that far.
  if (s.unaskedLeft > 0 && leftAt > unaskedSince(s)) s.unaskedLeft = 0
  if (seq < s.highestAcked && repeats > 0) searchOf(s).likelyAny()
  if (seq > s.firstUnacked && seq > 1 && !isSent(board, seq - 1)) searchOf(s).provenAny()
  if (seq > s.highestAcked) {
    s.highestAcked = seq
    const isLate = now - Math.max(leftAt, repeatedAt(board, seq)) > answerWindowMs(rto)
    if (isLate && isGapRepeatedLately(s, now)) searchOf(s).spokeFor(seq)
  }
  // Set for DATA 1 alone.
  s.contactAt = Infinity
  if (s.lastAction !== 'ack') {
    if (s.timeouts >= RUN_BLOCKS && isInRun(s, s.timeouts - 1) && now - s.lastSentAt <= answerWindowMs(rto))
      s.runsHelp = true
    noteRecovery(s, now, seq)
  }
  s.freshSeq = seq
  s.freshAt = now
  s.unanswered = 0
  s.nudgeAt = Infinity
  s.backoff = rttMs > 0 ? 0 : Math.min(s.timeouts, KEPT_BACKOFF)
  s.timeouts = 0
  s.progressAt = now
  policy.acked(now, seq, rttMs)
  countClean(s)
  if (s.order !== undefined && s.order.order === 'inorder') confirmUpToHighest(s)
  if (repeats > 0) {
    const until = holdAfterRepeat(s, now)
    if (until !== undefined) {
      s.watched++
      s.heldUntil = until
    }
  }
  return true
}

/** Block `seq` left once, and its ACK took `rttMs`. */
function timed(s: SenderState, now: number, seq: number, rttMs: number): void {
  const { rto } = s
  s.likeAnswers = 0
  if (rto.srttMs === 0 || seq === 1) s.pauseMs = 0
  if (rto.srttMs > LONG_MS && rttMs < CORRECTED_SHARE * rto.srttMs) rto.restart(rttMs)
  // One pause of the client holds all blocks that are out, and is sampled once.
  else if (rttMs <= LONG_MS || rttMs < 2 * rto.srttMs || now - s.freshAt > CORRECTED_SHARE * rttMs) rto.sample(rttMs)
}

/**
 * Block `seq` was answered after a repeat. Where that took equally long after the repeat several times, and the last wait for it was much shorter than the first, it is
 * the round trip, because only one of the two waits can be that of an answer to the copy before (rule A6).
 */
function isRoundTrip(s: SenderState, now: number, seq: number): boolean {
  const sinceMs = now - s.lastSentAt
  const waitMs = s.lastSentAt - sentAt(s.board, seq)
  const isLikeLast = Math.abs(sinceMs - s.answerMs) <= Math.max(PAUSED_MS, LIKE_SHARE * sinceMs)
  s.answerMs = sinceMs
  if (s.timeouts === 1 && isLikeLast && s.likeAnswers > 0) s.likeAnswers++
  else {
    s.likeAnswers = s.timeouts === 1 ? 1 : 0
    s.likeWaitMs = waitMs
  }
  return s.likeAnswers >= LIKE_ANSWERS && waitMs <= SHORTER_SHARE * s.likeWaitMs
}

/** No round trip is known, and block `seq` was repeated. */
function untimed(s: SenderState, now: number, seq: number): void {
  if (isRoundTrip(s, now, seq)) {
    s.pauseMs = 0
    s.rto.sample(s.answerMs)
  } else s.pauseMs = s.likeAnswers < LIKE_BY_CHANCE ? answerTookMs(s, now, seq) : 0
}

/** Every block is repeated, and a round trip that was none is never corrected: a pause of the client, or its timer. */
function resampled(s: SenderState, now: number, seq: number): void {
  const { rto } = s
  if (rto.srttMs <= LONG_MS || now - s.lastSentAt >= CORRECTED_SHARE * rto.srttMs) s.likeAnswers = 0
  else if (isRoundTrip(s, now, seq)) rto.restart(s.answerMs)
}

/**
 * Whichever copy of block `seq` was answered, the round trip is not longer than this (rule A6). 0 where that says nothing: the next block waited for as
 * long in vain, the client's own timer may have spoken, or its answer followed a repeat at once.
 */
function answerTookMs(s: SenderState, now: number, seq: number): number {
  const tookMs = now - sentAt(s.board, seq)
  if (s.pauseMs > 0 || tookMs > LONGEST_PAUSE_MS) return 0
  // Of two blocks in a row that may be chance.
  const isPrompt = now - s.lastSentAt <= PAUSED_MS
  if (isPrompt) return seq % 2 === 1 ? 0 : tookMs
  // Its copies are before the next block on a slow link.
  return tookMs * (1 + repeatsOf(s.board, seq))
}

/** The first unacknowledged block was sent again, so recently that what comes now may answer it. */
function isGapRepeatedLately(s: SenderState, now: number): boolean {
  return s.repeatSeq === s.firstUnacked && s.firstUnacked < s.highestAcked && now - s.repeatAt <= answerWindowMs(s.rto)
}

/** Rule A2: over the run of acknowledged blocks, and no further. */
function slide(s: SenderState): void {
  let seq = s.firstUnacked
  for (; seq <= s.highestSent && isAcked(s.board, seq); seq++) clearSlot(s.board, seq)
  advanceTo(s, seq)
}

/**
 * Rule A3: an ACK above a gap sends the gap again at once, at most once per 1.5 round trips. So does the end of a stall
 * for what was on its way when it began.
 */
function fillGap(s: SenderState, now: number): void {
  if (s.firstUnacked > s.highestSent || isQuestionDue(s)) return
  const spacing = gapSpacingMs(s.rto)
  // Of a whole window what comes out of order may only be late, and nothing waits behind it.
  const isWhole = s.policy.wholeMs > 0
  if (isWhole && s.firstUnacked < s.highestAcked) s.policy.gap(now, s.firstUnacked)
  const end = Math.min(s.nextToSend, Math.max(s.highestAcked, s.firstUnacked + windowOf(s)))
  let resent = 0
  for (let seq = s.firstUnacked; seq < end; seq++) {
    if (!isSent(s.board, seq) || isAcked(s.board, seq)) continue
    const again = repeatedAt(s.board, seq)
    const lost = (seq < s.highestAcked && !isWhole) || Math.max(sentAt(s.board, seq), again) <= s.lostBefore
    if (!lost || again + spacing > now || !mayRepeatOnTimer(s, seq)) continue
    if (seq < s.highestAcked && !isWhole) {
      s.policy.gap(now, seq)
      // The window was taken back by this gap: the timer decides.
      if (s.policy.wholeMs > 0) return
    }
    carryOut(s, now, { type: 'repeat', seq })
    resent++
  }
  countDropped(s, resent)
}

/** `isSpent`: the client was silent, and no more questions might leave in this second. */
function stale(s: SenderState, now: number, seq: number, isSpent: boolean): void {
  s.counters[COUNTER.staleAcks]++
  const answer = decideStale(s, now, seq)
  if (answer !== undefined) {
    carryOut(s, now, answer)
    return arm(s, now)
  }
  // A later block made it speak. One that stores any block would have acknowledged that.
  if (seq === s.firstUnacked - 1 && s.nextToSend > s.firstUnacked + 1 && orderOf(s) !== 'any' && !isCopy(s, now, seq))
    s.lacks = s.firstUnacked
  if (!repeatedLately(s, now)) searchOf(s).staleSeen()
  if (seq === s.highestAcked && s.firstUnacked < s.highestAcked) {
    const windowMs = answerWindowMs(s.rto)
    if (isGapRepeatedLately(s, now) && !isQuestionDue(s)) searchOf(s).gapNamed(now, seq, s.progressAt)
    else s.order?.highestNamed(now, windowMs, s.progressAt)
    return
  }
  if (orderOf(s) === 'inorder' && seq < s.highestAcked && isOwnTimer(s, now)) {
    fail(s, 'ERR_TFTP_ORDER_LIED', storedAnyOrder(s.peer, seq))
    return
  }
  if (seq === s.firstUnacked - 1 && outstanding(s)) clientTimer(s, now, isSpent)
}

/** Nothing of ours can have caused what arrives now, and the network brings no copy so late. */
function isOwnTimer({ lastSentAt, progressAt, rto }: SenderState, now: number): boolean {
  return now - lastSentAt > answerWindowMs(rto) && now - progressAt > LATE_COPY_MS
}

/** The client repeats its last ACK by its own timer: what we may not repeat by ours may be sent now (A4, A5, A8, A12, A13). */
function clientTimer(s: SenderState, now: number, isSpent: boolean): void {
  const waited = now - s.lastSentAt
  const { firstUnacked } = s
  if (firstUnacked === 1 && !s.patient && waited >= CLIENT_TIMER_MS && s.contactAt !== Infinity) {
    const contact = contactOf(s)
    // Our own repeats are used up, so the client may have one more.
    if (s.contactRepeats >= mostRepeats('data', contact)) {
      s.contactAt = now + contactWaitMs('data', contact, s.contactRepeats)
      return carryOut(s, now, { type: 'repeat', seq: 1 })
    }
  }
  if (mayRepeatOnTimer(s, firstUnacked)) {
    // A client that speaks by its own timer after a long silence, or when all questions of a second are spent, can be reached now, and may not be later.
    const isQuiet = isSpent || now - s.progressAt >= Math.max(CLIENT_TIMER_MS, pauseWaitMs(s))
    if ((firstUnacked !== s.lastSeq && (s.highestAcked === 0 || !isQuiet)) || waited < answerWindowMs(s.rto)) return
    carryOut(s, now, { type: 'repeat', seq: firstUnacked })
  } else if (waited < CLIENT_TIMER_MS) return
  else if (s.filledFor !== firstUnacked) {
    // The block may lie in the client's card: then a repeat would reach it twice, which is what must not happen.
    s.filledFor = firstUnacked
    carryOut(s, now, { type: 'filler' })
  } else carryOut(s, now, { type: 'repeat', seq: firstUnacked })
  arm(s, now)
}

function firstContact(s: SenderState, now: number): void {
  const contact = contactOf(s)
  if (s.contactRepeats >= mostRepeats('data', contact)) {
    s.contactAt = Infinity
    const meanwhile = outOfPlace(s.oddities)
    const isOnly = s.lastSeq === 1 && s.addressValidated
    fail(s, 'ERR_TFTP_TIMEOUT', isOnly ? neverEnded(s.peer, meanwhile) : neverBegan(s.peer, meanwhile))
    return
  }
  s.contactRepeats++
  s.contactAt = now + firstWaitMs(s)
  s.counters[COUNTER.timeouts]++
  if (s.patient) return
  if (!mayGoOnFromFirst(s)) return carryOut(s, now, { type: 'repeat', seq: 1 })
  s.everTimedOut = true
  s.lostBefore = now
  reserveAhead(s)
  s.unaskedAt = now
  // U-Boot 1.1.x begins anew when DATA 2 is the first that reaches it: DATA 1 leaves once more for each repeat that may have been lost.
  for (let i = 0; i < REPEATS_OF_FIRST; i++) carryOut(s, now, { type: 'repeat', seq: 1 })
  carryOut(s, now, { type: 'catch-up', from: 1, to: s.nextToSend - 1 })
}

/** DATA 1 leaves again as rule A5 says, and not before the answer to the OACK would have come. */
function firstWaitMs(s: SenderState): number {
  const waitMs = contactWaitMs('data', contactOf(s), s.contactRepeats)
  return Math.max(waitMs, pauseWaitMs(s), s.rto.waitMs(0, 0, 0))
}

/**
 * A client that acknowledged its options may have DATA 1 and be silent on repeats: only the next block makes it speak before its own
 * timer does (rule A5). One whose timer is short speaks soon enough.
 */
function mayGoOnFromFirst(s: SenderState): boolean {
  const { addressValidated, clientTimeoutMs, contactRepeats, policy, refused, nextToSend, lastSeq } = s
  if (!addressValidated || !policy.nudges || refused || s.mayCountRepeats || clientTimeoutMs <= SHORT_TIMER_MS)
    return false
  if (s.rto.srttMs > FAST_OACK_MS) return false
  return contactRepeats >= REPEATS_OF_FIRST && nextToSend < lastSeq
}

function timeout(s: SenderState, now: number): void {
  s.counters[COUNTER.timeouts]++
  s.timeouts++
  s.everTimedOut = true
  s.lostBefore = now
  s.policy.timeout(now, s.firstUnacked)
  reserveAhead(s)
  // The client's timer has to speak first.
  if (!mayRepeatOnTimer(s, s.firstUnacked)) s.lastAction = 'ack'
  else if (isQuestionDue(s)) ask(s, now)
  else {
    askWith(s, now, decideTimeout(s, now, s.timeouts))
  }
  arm(s, now)
}

/**
 * As much of `action` leaves as a silent client may get in this second (questions.ts). The last datagram of it is the first unacknowledged
 * block: whatever else was lost, or was no use, a client that lacks it takes it.
 */
function askWith(s: SenderState, now: number, action: Action): void {
  const left = leftToAsk(s, now)
  const isBase = action.type === 'repeat' && action.seq === s.firstUnacked
  const most = keepsLast(s) && !isBase ? Math.min(left, MOST_ASKED - 1 - (s.asked % MOST_ASKED)) : left
  const fitting = most === 0 && left > 0 ? baseOf(s) : shortened(s, action, most)
  // The second half of a nudge goes with the first.
  if (fitting.type !== 'nudge') s.nudgeAt = Infinity
  noteAsked(s, now, datagramsOf(s, fitting))
  carryOut(s, now, fitting)
}

/** The last datagram of a second is kept for the first unacknowledged block. Not where a later block was acknowledged, nor where the last block out asks the same of a client that answers repeats. */
function keepsLast(s: SenderState): boolean {
  if (s.firstUnacked < s.highestAcked) return false
  if (orderOf(s) !== 'inorder') return true
  return s.order?.answersRepeats === true ? s.nextToSend - s.firstUnacked > 2 : !s.probesWork
}

function baseOf(s: SenderState): Action {
  s.lastAction = 'resend'
  s.nudgeAt = Infinity
  // One that answers repeats has been asked about its beginning more often than about its end.
  const isEnd = orderOf(s) === 'inorder' && s.order?.answersRepeats === true && !s.refused
  return { type: 'repeat', seq: isEnd ? s.nextToSend - 1 : s.firstUnacked }
}

/** Marks for all that may be out before the client speaks again. */
function reserveAhead(s: SenderState): void {
  // The block two beyond the highest acknowledged one included.
  s.board = reserve(s.board, runAheadEnd(s) + 2 - s.firstUnacked, s.firstUnacked, s.highestSent)
}

/** Asks, unless the silence since the last question was the last proof that was needed. */
function ask(s: SenderState, now: number): void {
  const question = decideQuestion(s, now)
  const seq = question.type === 'ahead' ? s.nextToSend : 'seq' in question ? question.seq : 0
  askWith(s, now, question)
  if (orderOf(s) !== 'inorder') {
    if (seq > 0 && searchOf(s).asksTwice && mayAsk(s, now, 1)) carryOut(s, now, { type: 'copy', seq })
    return
  }
  s.progressAt = now
  s.timeouts = 0
  confirmUpToHighest(s)
  sendNew(s, now)
}
