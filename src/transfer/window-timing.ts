/**
 * How long a negotiated window takes: which ACK is a round trip of it (rule A6, Karn's rule), and how long to wait before one is known. A client that
 * acknowledges ends of windows only lets its own timer answer any other block, and that is no round trip.
 */
import { COUNTER } from './contract.ts'
import type { SenderState } from './sender-state.ts'
import { FAST_OACK_MS, slowestLinkMs, slowestMs } from './waits.ts'
import type { WindowTiming } from './windows.ts'

/** An ACK that comes later than this after its window is no measure of a round trip: the client may have waited. */
export const UNTIMED_MS = 50
/** The wait for a window before it is known how long one takes, by how often the timer rang: what a slow link still carries must not be sent again. */
const UNPACED_MS = [250, 125, 125, 250, 500, 1000] as const
/** A first window is not waited for longer than this: its client may be slow, and not its link. */
const MOST_UNPACED_MS = 9000
/** The same where the OACK was answered fast: a large window may still take longer than the first wait. */
const MOST_FAST_UNPACED_MS = 1000
/** A traffic shaper lets small packets through at once, so a fast OACK may hide a line of 512 kbit/s. */
const SHAPED_BYTES_PER_MS = 64
/** The next window is waited for this many times as long as one took at most. */
const WINDOW_ROOM = 2
/** An ACK that comes within this many of the shortest round trips, and a millisecond, of what left last answers that: the link is fast. */
const FAST_ROUNDS = 1.5
/** The same where no round trip was measured, milliseconds. */
const FAST_MS = 4
/** A first window whose ACK took as long as that of the OACK, within this share, was on its way for as long: both times are round trips. */
const LIKE_OACK = 2 / 3
/** The variation that the first window is given, in its round trips: half of one, as RFC 6298 has it, costs too much where windows are lost. */
const FIRST_WINDOW_VARIATION = 1 / 8
/** A round trip so much shorter than the smoothed one shows that those before were none: timers of the client, or its pauses. */
const CORRECTED_SHARE = 1 / 4

/** The first window is about to leave. */
export function openTiming(s: SenderState, t: WindowTiming): void {
  const { rto, pauseMs, policy, lastSeq, blksize } = s
  const { windowBlocks } = policy
  if (rto.srttMs > FAST_OACK_MS) t.slowestMs = Math.min(MOST_UNPACED_MS, slowestMs(s, windowBlocks))
  else if (rto.srttMs > 0) {
    const shapedMs = (blksize * Math.min(windowBlocks, lastSeq)) / SHAPED_BYTES_PER_MS
    t.slowestMs = Math.min(MOST_FAST_UNPACED_MS, Math.max(shapedMs, slowestMs(s, windowBlocks)))
  } else if (pauseMs > 0) t.slowestMs = Math.min(MOST_UNPACED_MS, pauseMs + slowestLinkMs(s, windowBlocks))
}

/** Blocks up to `lastSeq` left at `at`, those from `newSeq` on for the first time. `isEnd`: the client answers the last of them at once. */
export function left(t: WindowTiming, newSeq: number, lastSeq: number, isEnd: boolean, at: number): void {
  if (t.seq === 0) {
    t.newSeq = newSeq
    t.newAt = at
  } else if (!isEnd || t.isEnd) return
  t.seq = lastSeq
  t.at = at
  t.isEnd = isEnd
}

/** What is out leaves again, or its timer rang: no ACK of it is a round trip. */
export function repeated(t: WindowTiming): void {
  t.seq = 0
}

export function rang({ rto }: SenderState, t: WindowTiming): void {
  t.rings++
  // What a fast OACK may hide is waited for once.
  if (rto.srttMs > 0 && rto.srttMs <= FAST_OACK_MS) t.slowestMs = 0
  repeated(t)
}

/** An ACK came, of whichever block. */
export function heard(s: SenderState, t: WindowTiming, now: number): void {
  if (!t.isPaced) t.isPaced = isFastAnswer(s, now)
  if (s.rto.srttMs > 0) return
  // What is answered at once, when nothing else was on its way, is the first round trip.
  if (now - t.wokeAt <= FAST_MS) {
    s.pauseMs = 0
    s.rto.sample(now - t.wokeAt)
    t.isPaced = true
  }
  t.wokeAt = -Infinity
}

/** The ACK of `seq`, which moves the window. Returns the round trip that it shows; 0 for none. */
export function timeAck(s: SenderState, t: WindowTiming, now: number, seq: number): number {
  const rttMs = roundTripMs(s, t, now, seq)
  // What left once and was acknowledged says how long a window takes at most, whichever ACK it was.
  if (!t.isPaced && t.seq > 0 && seq >= t.newSeq && s.timeouts === 0) {
    const windowMs = ((now - t.newAt) * s.policy.windowBlocks) / (seq - t.newSeq + 1)
    t.slowestMs = Math.min(t.slowestMs, WINDOW_ROOM * windowMs)
  }
  if (seq >= t.seq) t.seq = 0
  if (rttMs <= 0) return 0
  const { rto } = s
  if (rto.srttMs === 0) s.pauseMs = 0
  // The answer to an OACK says little of a window.
  const isLonger = !t.isTimed && rto.srttMs > 0 && rttMs > rto.srttMs
  if (isLonger) rto.restart(rttMs, FIRST_WINDOW_VARIATION * rttMs)
  else if (!t.isTimed || rttMs < CORRECTED_SHARE * rto.srttMs) rto.restart(rttMs)
  else rto.sample(rttMs)
  t.isPaced = true
  t.isTimed = true
  s.counters[COUNTER.srttMs] = rto.srttMs
  return rttMs
}

/** On a slow link each window would be sent again before its ACK can come, and none would ever be timed (Karn's rule). */
export function unpacedMs(t: WindowTiming): number {
  if (t.isPaced) return 0
  return Math.max(t.slowestMs, UNPACED_MS[Math.min(t.rings, UNPACED_MS.length - 1)])
}

/** Where a block of each window is lost none comes whole: then the blocks that were acknowledged soon say what one takes at most. */
function roundTripMs(
  { rto, firstUnacked, policy, timeouts, pauseMs }: SenderState,
  t: WindowTiming,
  now: number,
  seq: number,
): number {
  if (seq > t.seq) return 0
  const timedMs = now - t.at
  if (seq === t.seq && (t.isEnd || timedMs < UNTIMED_MS)) return timedMs
  if (seq < t.newSeq) return 0
  const ms = now - t.newAt
  const isLikeOack = ms >= LIKE_OACK * pauseMs && LIKE_OACK * ms <= pauseMs
  if (rto.srttMs === 0) return timeouts === 0 && (ms < UNTIMED_MS || isLikeOack) ? ms : 0
  if (ms >= UNTIMED_MS) return 0
  const windowMs = (ms * policy.windowBlocks) / (seq - firstUnacked + 1)
  return windowMs < CORRECTED_SHARE * rto.srttMs ? windowMs : 0
}

/** What left after a timeout was answered as fast as a packet without payload is. */
function isFastAnswer({ timeouts, lastSentAt, rto }: SenderState, now: number): boolean {
  return timeouts > 0 && now - lastSentAt <= (rto.minMs === Infinity ? FAST_MS : FAST_ROUNDS * rto.minMs + 1)
}
