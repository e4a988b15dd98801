/**
 * Windows that the client negotiated (RFC 7440, rules N1 to N4). An ACK confirms everything up to its block; a gap is
 * reported by an ACK that is not the window's last, or by a repeated one, and everything from there is sent again.
 */
import { COUNTER } from './contract.ts'
import { askAgainAt, canAsk, mayAsk, stopAsking } from './questions.ts'
import type { Reading } from './reading.ts'
import { acknowledgedUnsent } from './sender-faults.ts'
import { fail, type SenderState } from './sender-state.ts'
import { LEAST_BURST } from './run-length.ts'
import { advanceTo, carryOut, pace, rewind, sendUpTo } from './transmit.ts'
import {
  answerWaitMs,
  answerWindowMs,
  GAP_ROUNDS,
  gapSpacingMs,
  LONGEST_PAUSE_MS,
  pauseWaitMs,
  soonestAnswerMs,
  stuckMs,
  waitsFrom,
} from './waits.ts'
import { heard, left, openTiming, rang, repeated, timeAck, unpacedMs, UNTIMED_MS } from './window-timing.ts'
import { Windows } from './windows.ts'

/** Rule N3: no negotiated window may cost more than this many datagrams per block, and this many on top (ADR 3). */
const STORM_FACTOR = 4
const STORM_ALLOWANCE = 64
/** Rule N3: where gaps made the blocks leave this many times more in the mean, each burst waits for the answer to the one before, until there are only CLOCKED_UNTIL. */
const CLOCKED_FROM = 2
const CLOCKED_UNTIL = 1.5
/** Beyond the bound of rule N3 one datagram leaves in this time: eight a second, as to a silent client. */
const OVER_BUDGET_MS = 125
/** … to a client that said nothing for this long. Otherwise the retransmission timer says when. */
const SILENT_MS = 250
/** The second timeout in a row sends the whole window again; to a client that pauses, a second without progress first. */
const WHOLE_WINDOW_TIMEOUT = 2
/** A client that goes on by itself after this many timeouts had paused. */
const PAUSE_TIMEOUTS = 3
const WHOLE_WINDOW_MS = 1000
/** The whole window leaves once more to a silent client after this time at the soonest. */
const WHOLE_AGAIN_MS = 500
/** A window that leaves again to a silent client leaves a block at a time, or in as small bursts as this time allows. */
const SPREAD_MS = 50
/** … where half as many datagrams left again because of gaps as there are blocks, or from WHOLE_AGAIN_MS without progress on. */
const SPREAD_FROM = 0.5
/** The final block leaves ahead of its window after this time without progress: its ACK is the last thing that such a client says. */
const FINAL_AHEAD_MS = 1000
/** Datagrams of a question from a new position. */
const STEP = 2
/** Bursts of a window are no further apart, unless a window takes this many of the shortest round trips: then the link is slow. */
const MOST_BURST_SPACING_MS = 50
const SLOW_LINK_ROUNDS = 2
/** Without a round trip a window leaves again after GAP_ROUNDS times what the OACK took, and after this time at the latest. */
const MOST_NEAR_SPACING_MS = 250
const MOST_FAR_SPACING_MS = 1000
/** Answers to our own repeats come within this many waits of `stuckMs`. */
const ECHO_ROUNDS = 2
/** A host that was busy answers sooner, by this much, once it is not: a shorter round trip, and no client that spoke just when a question left. */
const JITTER_MS = 0.5
/** A client that is stuck this often in a row does not acknowledge inside windows, whatever its first ACKs looked like. */
const MOST_STUCK = 3

export const CUMULATIVE: Reading = { open, acked, timer, refused: () => false }

function open(s: SenderState, now: number): void {
  s.progressAt = now
  continueWindow(s, now)
}

/** What the window allows leaves; something of it may be out (rule N5). */
export function continueWindow(s: SenderState, now: number): void {
  const w = (s.windows = new Windows())
  openTiming(s, w.timing)
  send(s, w, now)
  arm(s, w, now)
}

function acked(s: SenderState, now: number, seq: number): void {
  const { counters, windows } = s
  counters[COUNTER.acks]++
  if (windows === undefined || seq > s.highestSent || seq < s.firstUnacked - 1) {
    counters[COUNTER.staleAcks]++
    return
  }
  heard(s, windows.timing, now)
  // A question left this block out (N4): only a client that stores blocks in any order acknowledges what lies beyond it.
  if (s.withheld !== 0 && seq >= s.withheld)
    return fail(s, 'ERR_TFTP_ORDER_LIED', acknowledgedUnsent(s.peer, seq, s.withheld))
  if (seq === s.firstUnacked - 1) repeatedAck(s, windows, now)
  else progress(s, windows, now, seq)
  windows.ackedAt = now
}

function timer(s: SenderState, now: number): void {
  const w = s.windows
  if (w === undefined) return
  const isIdle = now - Math.max(s.heardAt, s.lastSentAt) >= UNTIMED_MS
  if (s.paceAt <= now) {
    pace(s, now)
    arm(s, w, now)
  }
  if (s.burstAt <= now) {
    s.burstAt = Infinity
    if (s.stuckAt === Infinity) {
      send(s, w, now)
      if (w.asksAfterBurst && s.nextToSend >= w.reach) {
        w.asksAfterBurst = false
        ask(s, w, now)
      }
      // The rest of a window that leaves again after a silence begins no new one.
      if (s.timeouts === 0) arm(s, w, now)
    }
  }
  if (s.stuckAt <= now) {
    s.stuckAt = Infinity
    // What left as a question beyond the window says nothing of how the client acknowledges.
    if (w.isBehindQuestions) w.isBehindQuestions = false
    else if (w.insideAck === 'unknown') w.insideAck = 'gap'
    else if (w.insideAck === 'progress' && ++w.stuck >= MOST_STUCK) misjudge(w)
    goBack(s, w, now)
  }
  if (s.retryAt <= now) timeout(s, w, now)
  if (isIdle && s.lastSentAt === now) w.timing.wokeAt = now
}

function progress(s: SenderState, w: Windows, now: number, seq: number): void {
  const { policy, rto } = s
  const rttMs = timeAck(s, w.timing, now, seq)
  w.runs.delivered(seq - s.firstUnacked + 1)
  const inside = seq < w.end && seq + 1 < s.nextToSend
  if (s.timeouts > 0) policy.recovered(now, seq, 'resend')
  notePause(s, w, now)
  const wentOnAlone = w.insideAck === 'unknown' && s.stuckAt !== Infinity && !w.isBehindQuestions
  if (wentOnAlone || (!w.misjudged && answeredTooSoon(s, w, now))) w.insideAck = 'progress'
  if (!inside) w.stuck = 0
  s.timeouts = 0
  w.repeatedAcks = 0
  w.repeatsAlone = false
  w.reach = 0
  w.walkSeq = 0
  w.asksAfterBurst = false
  stopAsking(s)
  s.progressAt = now
  w.wholeAt = w.pauses ? now + WHOLE_WINDOW_MS : now
  s.stuckAt = Infinity
  policy.acked(now, seq, rttMs)
  advanceTo(s, seq + 1)
  if (inside && w.insideAck === 'gap') return goBack(s, w, now)
  w.isBehindQuestions = !inside && s.nextToSend > s.firstUnacked
  if (inside || w.isBehindQuestions) s.stuckAt = now + stuckMs(rto)
  if (!inside || w.insideAck === 'progress') send(s, w, now)
  arm(s, w, now)
}

function misjudge(w: Windows): void {
  w.insideAck = 'unknown'
  w.stuck = 0
  w.misjudged = true
}

/** Something was acknowledged sooner after a resend than an answer can come: it was on its way, so there was no gap. */
function answeredTooSoon(s: SenderState, w: Windows, now: number): boolean {
  return now - w.wentBackAt < soonestAnswerMs(s.rto)
}

/** The client says again what it said before: it got something that it cannot use. Once per 1.5 round trips (N1, N3). */
function repeatedAck(s: SenderState, w: Windows, now: number): void {
  const { counters, rto } = s
  counters[COUNTER.staleAcks]++
  if (s.firstUnacked >= s.nextToSend) return
  if (now - Math.max(w.ackedAt, s.lastSentAt) > answerWindowMs(rto)) w.repeatsAlone = true
  if (++w.repeatedAcks > 1 && now - w.baseLeftAt < stuckMs(rto)) w.answersEach = true
  if (w.answersEach && w.echoes > 0 && now < w.echoesUntil) {
    w.echoes--
    return
  }
  if (rto.srttMs > 0 && now - w.baseLeftAt < soonestAnswerMs(rto)) return
  goBack(s, w, now)
}

/** Until a round trip is known, what the OACK took bounds it: EDK2 answers every block of a window that comes again. */
function goBackSpacingMs({ rto, pauseMs, near }: SenderState): number {
  if (rto.srttMs > 0 || pauseMs === 0) return gapSpacingMs(rto)
  return Math.min(GAP_ROUNDS * pauseMs, near ? MOST_NEAR_SPACING_MS : MOST_FAR_SPACING_MS)
}

/** Everything from the first unacknowledged block again, at most once per 1.5 round trips. */
function goBack(s: SenderState, w: Windows, now: number): void {
  const soonest = w.wentBackAt + goBackSpacingMs(s)
  if (now < soonest) {
    s.stuckAt = soonest
    return
  }
  w.wentBackAt = now
  w.runs.lost()
  // A gap that the client reports shows that the link loses blocks, and so acknowledgements.
  if (s.timeouts === 0) w.losesPackets = true
  w.echoes = s.nextToSend - s.firstUnacked
  w.echoesUntil = now + ECHO_ROUNDS * stuckMs(s.rto)
  s.policy.gap(now, s.firstUnacked)
  rewind(s)
  repeated(w.timing)
  w.burstEnd = s.firstUnacked
  send(s, w, now)
  arm(s, w, now)
}

/** Sends what window and burst allow. */
function send(s: SenderState, w: Windows, now: number): void {
  const { policy } = s
  const takenBlocks = w.runs.burstBlocks(policy.windowBlocks)
  const waits = takenBlocks > LEAST_BURST && takenBlocks < policy.windowBlocks && isClocked(s, w)
  const windowBlocks = waits ? takenBlocks : policy.windowBlocks
  const burst = isSpread(s, w, now) ? Math.min(takenBlocks, spreadBlocks(s)) : takenBlocks
  const windowEnd = Math.min(Math.max(s.firstUnacked + windowBlocks, w.reach), s.lastSeq + 1)
  s.burstAt = Infinity
  if (w.burstEnd < s.firstUnacked) w.burstEnd = s.firstUnacked
  if (s.nextToSend >= w.burstEnd || burst >= policy.windowBlocks) w.burstEnd = s.nextToSend + burst
  const end = Math.min(windowEnd, w.burstEnd, s.nextToSend + budgetBlocks(s))
  const count = end - s.nextToSend
  if (count > 0) {
    const isBase = s.nextToSend === s.firstUnacked
    const isNew = end - 1 > s.highestSent
    const firstNew = Math.max(s.nextToSend, s.highestSent + 1)
    if (s.timeouts === 0) w.again += Math.min(end, firstNew) - s.nextToSend
    sendUpTo(s, now, end)
    const leavesAt = waitsFrom(s, now)
    if (isBase) w.baseLeftAt = leavesAt
    w.end = windowEnd - 1
    const isEnd = end === windowEnd || w.insideAck === 'progress'
    if (isNew) left(w.timing, firstNew, end - 1, isEnd, leavesAt)
  }
  if (waits && count > 0 && end === windowEnd && s.timeouts === 0) return askBehindBurst(s, now)
  const more = end < windowEnd && s.stuckAt === Infinity
  // What could not leave now cannot leave then either: the retransmission timer goes on alone.
  if (more && budgetBlocks(s) > 0) s.burstAt = now + burstSpacingMs(s, burst)
}

/** Rule N4: a receive ring that lost the end of a burst loses the same blocks each time that the burst leaves again. */
function isSpread(s: SenderState, w: Windows, now: number): boolean {
  return s.timeouts > 0 && (w.again > SPREAD_FROM * s.firstUnacked || now - s.progressAt >= WHOLE_AGAIN_MS)
}

/** Blocks of a burst, where a window is spread over SPREAD_MS. */
function spreadBlocks(s: SenderState): number {
  return Math.ceil((s.policy.windowBlocks * burstSpacingMs(s, 1)) / SPREAD_MS)
}

/** What left again shows that the link, or the device, does not take what a window holds: each burst waits for the answer to the one before. */
function isClocked(s: SenderState, w: Windows): boolean {
  const perBlock = w.isClocked ? CLOCKED_UNTIL : CLOCKED_FROM
  w.isClocked = w.again > perBlock * (s.firstUnacked - 1 + s.policy.windowBlocks)
  // A client that answers every packet sets the pace by itself. While a window has to prove itself (N5) only its own end counts as one.
  return w.isClocked && !w.answersEach && w.insideAck !== 'progress' && s.otherPolicy === undefined
}

/**
 * A burst ends inside the window of the client, which says nothing there. A block that it cannot use makes it say where it stands: the one behind
 * the next one, unless that is the final one (A4).
 */
function askBehindBurst(s: SenderState, now: number): void {
  const beyond = s.nextToSend + 1
  if (beyond < s.lastSeq && s.stuckAt === Infinity) carryOut(s, now, { type: 'beyond', seq: beyond })
}

/**
 * A client that acknowledges ends of windows says nothing of a burst that arrives whole: over a long way a whole window would take many round
 * trips. On a slow link, where a window takes much longer than the shortest answer, the next burst waits for the line, as long as its share of a window.
 */
function burstSpacingMs({ rto, policy }: SenderState, burst: number): number {
  const { srttMs, minMs } = rto
  if (srttMs < SLOW_LINK_ROUNDS * minMs) return Math.min(MOST_BURST_SPACING_MS, gapSpacingMs(rto))
  return Math.max(1, GAP_ROUNDS * (minMs + ((srttMs - minMs) * burst) / policy.windowBlocks))
}

/** Rule N3: what was confirmed pays for what may be sent: the blocks that may still leave. Beyond it eight datagrams a second leave, until patience ends (A14). */
function budgetBlocks({ counters, policy, firstUnacked, windows }: SenderState): number {
  const budget = STORM_FACTOR * (firstUnacked - 1 + policy.windowBlocks) + STORM_ALLOWANCE + (windows?.asked ?? 0)
  return Math.max(0, Math.floor((budget * policy.copies - counters[COUNTER.datagrams]) / policy.copies))
}

/**
 * Rule N4: each timeout asks where the client is, from a position at which it has not answered yet: the next block, with one left out behind
 * it. From the second on everything from the first unacknowledged block leaves before these, because the client may be anywhere between.
 */
function timeout(s: SenderState, w: Windows, now: number): void {
  s.counters[COUNTER.timeouts]++
  s.timeouts++
  rang(s, w.timing)
  w.timedOutAt = now
  w.sentBefore = s.lastSentAt
  s.policy.timeout(now, s.firstUnacked)
  let isAsked = true
  if (budgetBlocks(s) === 0) isAsked = repeatBeyondBudget(s, w, now)
  else if (s.nextToSend === s.firstUnacked) send(s, w, now)
  else if (s.timeouts < WHOLE_WINDOW_TIMEOUT) isAsked = ask(s, w, now)
  else if (canAsk(s, now, STEP) || now >= w.wholeAt) {
    if (now >= w.wholeAt) {
      const silentMs = now - s.progressAt
      w.wholeAt = now + (w.pauses ? Math.max(WHOLE_WINDOW_MS, silentMs) : Math.max(WHOLE_AGAIN_MS, silentMs / 2))
      // A burst that waited for its answer is not all that left of the window.
      w.reach = w.isClocked
        ? Math.max(s.nextToSend, Math.min(sentEnd(s), s.firstUnacked + s.policy.windowBlocks))
        : s.nextToSend
      goBack(s, w, now)
    }
    // What of it leaves later, in bursts, is followed by the question then.
    w.asksAfterBurst = s.nextToSend < w.reach
    if (!w.asksAfterBurst) isAsked = ask(s, w, now)
  } else isAsked = false
  arm(s, w, now)
  if (w.pauses && now - s.progressAt >= WHOLE_WINDOW_MS) s.retryAt = Math.max(s.retryAt, now + WHOLE_WINDOW_MS)
  // Enough questions for this second; the whole window is none.
  if (!isAsked || !canAsk(s, now, STEP)) {
    s.retryAt = Math.max(s.retryAt, Math.min(askAgainAt(s, STEP), Math.max(w.wholeAt, now + 1)))
  }
  if (budgetBlocks(s) === 0) {
    // A client that still speaks gets what left before: over a slow link more would queue up without an end.
    const isSilent = now - s.heardAt >= SILENT_MS
    s.retryAt = Math.max(isSilent ? askAgainAt(s, 1) : s.retryAt, now + OVER_BUDGET_MS)
  }
}

/** The first block that never left, not counting those behind it that left as questions. */
function sentEnd({ withheld, highestSent }: SenderState): number {
  return withheld === 0 ? highestSent + 1 : withheld
}

/**
 * One datagram at a time, from the first unacknowledged block on: the client may stand anywhere between, and mute, and the block behind its place
 * moves it on. A question from a new position follows when all of them have left.
 */
function repeatBeyondBudget(s: SenderState, w: Windows, now: number): boolean {
  if (s.nextToSend > s.firstUnacked) {
    if (w.walkSeq < s.firstUnacked) w.walkSeq = s.firstUnacked
    if (w.walkSeq < s.nextToSend) return repeat(s, w, now, w.walkSeq) && w.walkSeq++ > 0
    w.walkSeq = 0
    return stepAhead(s, w, now)
  }
  if (!mayAsk(s, now, 1)) return false
  sendUpTo(s, now, s.firstUnacked + 1)
  return true
}

/** A client that named its place lacks the block behind it, unless what left since then moved it on: every other question is about one of the two. */
function ask(s: SenderState, w: Windows, now: number): boolean {
  if (w.repeatedAcks === 0 || s.timeouts % 2 === 0 || s.nextToSend >= s.lastSeq) return stepAhead(s, w, now)
  const beyond = s.firstUnacked + 2
  const hasBeyond = !w.answersEach && beyond < s.nextToSend
  if (!mayAskNow(s, w, now, hasBeyond ? STEP : 1)) return false
  carryOut(s, now, { type: 'repeat', seq: s.firstUnacked })
  if (hasBeyond) carryOut(s, now, { type: 'repeat', seq: beyond })
  return true
}

/** The next block, which moves a client on that has everything, and one that it cannot use there: U-Boot answers such a block once for each position. */
function stepAhead(s: SenderState, w: Windows, now: number): boolean {
  const next = s.nextToSend
  // The client may stand just before the final block, and mute: then nothing else moves it. It counts in order, as its window says.
  const isFinal = next === s.lastSeq && now - s.progressAt >= FINAL_AHEAD_MS
  if (next >= s.lastSeq && !isFinal) return repeat(s, w, now, s.timeouts % 2 === 0 ? s.firstUnacked : next - 1)
  const hasBeyond = next + 2 < s.lastSeq
  if (!mayAskNow(s, w, now, hasBeyond ? STEP : 1)) return false
  carryOut(s, now, { type: 'ahead' })
  if (hasBeyond) carryOut(s, now, { type: 'beyond', seq: next + 2 })
  return true
}

function repeat(s: SenderState, w: Windows, now: number, seq: number): boolean {
  if (!mayAskNow(s, w, now, 1)) return false
  carryOut(s, now, { type: 'repeat', seq })
  return true
}

/** As `mayAsk`; the bound of rule N3 counts questions apart. */
function mayAskNow(s: SenderState, w: Windows, now: number, datagrams: number): boolean {
  if (!mayAsk(s, now, datagrams)) return false
  w.asked += datagrams
  return true
}

/** The client went on by itself after timeouts: it had paused, to write its flash, and is not hurried next time. */
function hasPaused(s: SenderState, w: Windows, now: number): boolean {
  if (s.timeouts < PAUSE_TIMEOUTS) return false
  const isBeforeAnswer = s.rto.srttMs > 0 && now - w.timedOutAt < soonestAnswerMs(s.rto) - JITTER_MS
  return now - (isBeforeAnswer ? w.sentBefore : s.lastSentAt) > answerWindowMs(s.rto)
}

/** The next silence is waited for as long as this one lasted, unless what left ended it: a question, or what left again when the client's own timer spoke (rule A6). */
function notePause(s: SenderState, w: Windows, now: number): void {
  const silentMs = now - s.progressAt
  const sinceMs = now - s.lastSentAt
  if (hasPaused(s, w, now)) {
    w.pauses = true
    if (silentMs <= LONGEST_PAUSE_MS) s.pauseMs = Math.max(s.pauseMs, silentMs)
    return
  }
  if (s.rto.srttMs === 0 || sinceMs < soonestAnswerMs(s.rto)) return
  const isAnswer = sinceMs <= answerWindowMs(s.rto)
  if (s.timeouts > 0 || (w.repeatsAlone && isAnswer)) s.pauseMs = 0
  if (s.timeouts > 0 && isAnswer) {
    w.losesPackets = true
    w.pauses = false
  }
}

function arm(s: SenderState, w: Windows, now: number): void {
  const firstMs = w.losesPackets ? 0 : s.policy.firstRtoMs
  const pauseMs = s.timeouts > 0 ? 0 : Math.max(pauseWaitMs(s), firstMs)
  s.retryAt = waitsFrom(s, now) + Math.max(answerWaitMs(s, now, s.timeouts), unpacedMs(w.timing), pauseMs)
}
