/** How long a transfer waits: for an answer, until a stall is worth an event, until it is given up (rules A4, A6, A14). */
import { isHurried } from './questions.ts'
import { RTO_FLOOR_MS, type Rto } from './rto.ts'
import type { SenderState } from './sender-state.ts'

/** Rule A4: silence of two client timeouts, this at least, with all others confirmed. */
const FINAL_SILENCE_MS = 3000
const FINAL_SILENCE_TIMEOUTS = 2
/** Rule A14. */
const GIVE_UP_MS = 30_000
const GIVE_UP_TIMEOUTS = 6
/** What its own timer sends the last time has to arrive (rule A14). */
const LAST_WORD_MS = 1000
/** A stall is no progress for this many round trips. */
const STALL_ROUNDS = 20
/**
 * The least silence that a sender calls a stall. Its client may write its flash for most of a second, again and again, and is well.
 */
const SENDER_STALL_FLOOR_MS = 1000
/** The least silence that a receiver calls a stall. Its peer reads a file, which takes no such pauses. */
const RECEIVER_STALL_FLOOR_MS = 100
/** Rule A6: several tries must fit inside a near client's own timer of a second. */
const NEAR_RTO_CAP_MS = 120
/** Far peers: no doubling beyond this, whatever the client's timer says. */
const FAR_RTO_CAP_MS = 2000
/** Rule A6: this many tries after the first come after QUICK_MS. */
const QUICK_TRIES = 2
const QUICK_MS = 5
/** … or this share of the first wait, where that is shorter because stalls are frequent. */
const QUICK_SHARE = 0.5
/** Rule A14: after this time without progress repeats are rare. */
const QUIET_AFTER_MS = 1000
/** Rule A14: the time between two repeats when nothing has progressed for QUIET_AFTER_MS. */
const QUIET_WAIT_MS = 1000
/** For this long a silent client is asked as often as the bound of questions allows, then once per second (rule A14). */
const PERSISTENT_MS = 4000
const PERSISTENT_WAIT_MS = 125
/** The retransmission timeout while no round trip was measured. */
const NEAR_UNKNOWN_MS = 250
const FAR_UNKNOWN_MS = 1000
/** This many answers in a row may have come equally long after a repeat by chance (rule A6). */
export const LIKE_BY_CHANCE = 2
/** Rule A6: a client that paused gets this much more time than its pause took. */
const PAUSE_ROOM = 1.25
/** A client that goes on this long after the last datagram paused; to answer a repeat takes U-Boot 1.1.x 3 ms of console output. */
export const PAUSED_MS = 5
/** A silence that ends by itself before the timer of any client can ring was a pause: such timers are a second or more. */
export const LONGEST_PAUSE_MS = 950
/** An answer to the OACK that took longer may mean a slow link, on which DATA takes twenty times as long (rules A5, A6). */
export const FAST_OACK_MS = 4
/** An OACK and its ACK have this many bytes at least: on a slow link a block takes as much longer than they did as it has more bytes. */
const ANSWER_BYTES = 100
/** Rules A6, R4: where a first answer took long for another reason, its link is taken to be no slower than this. */
export const SLOWEST_BYTES_PER_MS = 3
/** An answer comes within three round trips (rules A1, A10); the floor allows for a busy scheduler. */
const ANSWER_FLOOR_MS = 2

/** What comes within this part of the shortest round trip is no answer to what left last (rules N1, A10). */
const SOONEST_ANSWER = 0.75

/** Rule A14: no progress for this long ends a transfer. `timeoutMs`: the peer's own timer. */
export function giveUpAfterMs(timeoutMs: number): number {
  return Math.max(GIVE_UP_MS, GIVE_UP_TIMEOUTS * timeoutMs)
}

/** No progress for this long is a stall. */
export function stalledAfterMs(role: 'sender' | 'receiver', rto: Pick<Rto, 'roundsMs'>): number {
  return rto.roundsMs(STALL_ROUNDS, role === 'sender' ? SENDER_STALL_FLOOR_MS : RECEIVER_STALL_FLOOR_MS)
}

/** When the transfer is given up. */
export function giveUpAt(s: SenderState): number {
  const afterMs = Math.max(giveUpAfterMs(s.clientTimeoutMs), GIVE_UP_TIMEOUTS * s.clientTimeoutMs + LAST_WORD_MS)
  return lastProgressAt(s) + afterMs
}

/** When a missing final ACK has been waited for long enough (rule A4). */
export function silenceAt(s: SenderState): number {
  return s.heardAt + Math.max(FINAL_SILENCE_MS, FINAL_SILENCE_TIMEOUTS * s.clientTimeoutMs)
}

/** When the present silence becomes a stall; Infinity when it has become one. */
export function stallAt(s: SenderState): number {
  return s.stalled ? Infinity : lastProgressAt(s) + stalledAfterMs('sender', s.rto)
}

/** Time of the last packet that moved the transfer on, and the start before any; an allowance that is waited for is no silence. */
export function lastProgressAt(s: SenderState): number {
  return Math.max(s.startedAt, s.progressAt, s.withheldUntil)
}

/** When a wait for an answer begins: now, or when what waits for its allowance leaves. */
export function waitsFrom(s: SenderState, now: number): number {
  return Math.max(now, s.withheldUntil)
}

/**
 * How long to wait for an answer after `timeouts` timeouts in a row, with `kept` doublings that outlived the last stall (rules A6, A14). Losses
 * come in bursts, so the second and third try come sooner than the first, where the round trip allows it: only then does the wait double.
 */
export function answerWaitMs(s: SenderState, now: number, timeouts: number, kept = 0): number {
  const { policy, rto } = s
  const quiet = now - s.progressAt >= QUIET_AFTER_MS
  const cap = Math.min(s.near ? NEAR_RTO_CAP_MS : FAR_RTO_CAP_MS, s.clientTimeoutMs)
  if (policy.rtoMaxMs !== Infinity) return Math.max(policy.rtoMaxMs, quiet ? QUIET_WAIT_MS : 0)
  if (quiet) {
    if (now - s.progressAt >= PERSISTENT_MS || !s.policy.nudges) return QUIET_WAIT_MS
    return isHurried(s) ? rto.waitMs(0, policy.rtoMinMs, cap) : rto.waitMs(0, PERSISTENT_WAIT_MS, cap)
  }
  if (rto.srttMs === 0) return Math.max(policy.rtoMinMs, unknownWaitMs(s))
  if (s.likeAnswers >= LIKE_BY_CHANCE) return Math.max(policy.rtoMinMs, rto.waitMs(0, 0, cap) / 2)
  if (timeouts + kept === 0) return rto.waitMs(0, policy.wholeMs || policy.rtoMinMs, cap)
  const ownMs = rto.waitMs(0, 0, cap)
  // Only where the floor is what is waited for: a link that is slow itself needs the doubling (Karn).
  if (!s.near || ownMs >= policy.rtoMinMs) return rto.waitMs(timeouts + kept, policy.rtoMinMs, cap)
  if (kept === 0 && timeouts <= QUICK_TRIES) return Math.max(ownMs, Math.min(QUICK_SHARE * policy.rtoMinMs, QUICK_MS))
  return rto.waitMs(Math.max(0, timeouts - QUICK_TRIES - 1) + kept, policy.rtoMinMs, cap)
}

/** The wait while no round trip is known. A shorter one tells whether repeats are answered at once, or what left before them (rule A6). */
function unknownWaitMs({ near, likeAnswers }: SenderState): number {
  const waitMs = near ? NEAR_UNKNOWN_MS : FAR_UNKNOWN_MS
  return likeAnswers < LIKE_BY_CHANCE ? waitMs : waitMs / 2
}

/** How long the first timeout of a stall waits at least for a client that pauses (rule A6). */
export function pauseWaitMs({ pauseMs, policy, rto }: SenderState): number {
  if (!policy.nudges) return 0
  return Math.min(QUIET_AFTER_MS, rto.srttMs === 0 ? pauseMs + RTO_FLOOR_MS : PAUSE_ROOM * pauseMs)
}

/** How long `blocks` may take on a link that is as slow as the answer to the OACK was. */
export function slowestMs({ rto, lastSeq, blksize }: SenderState, blocks: number): number {
  return (rto.srttMs * blksize * Math.min(blocks, lastSeq)) / ANSWER_BYTES
}

/** How long `blocks` may take on the slowest link that is waited for. */
export function slowestLinkMs({ lastSeq, blksize }: SenderState, blocks: number): number {
  return (blksize * Math.min(blocks, lastSeq)) / SLOWEST_BYTES_PER_MS
}

/** An ACK that comes within this time of a datagram may be the answer to it. */
export function answerWindowMs(rto: Rto): number {
  return rto.roundsMs(3, ANSWER_FLOOR_MS)
}

/** An ACK that comes sooner than this after a datagram is no answer to it. */
export function soonestAnswerMs(rto: Rto): number {
  return SOONEST_ANSWER * rto.minMs
}

/** Repeats of one gap are this many round trips apart (rules N1, A3). */
export const GAP_ROUNDS = 1.5

export function gapSpacingMs(rto: Rto): number {
  return rto.roundsMs(GAP_ROUNDS, 1)
}

/** How long a client that acknowledges inside windows may be silent before it counts as stuck (N1): as long as its round trips vary. */
export function stuckMs(rto: Rto): number {
  return Math.max(gapSpacingMs(rto), rto.srttMs + 4 * rto.rttvarMs)
}
