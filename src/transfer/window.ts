/** How many blocks may be on their way where the client negotiated no window (rules A1, A5, A10). */
import type { SenderState } from './sender-state.ts'

/** Rule A1: at most this many blocks may run ahead of one that is stuck. */
export const RUN_AHEAD = 32
/** Blocks that a client acknowledged above a gap let this many more of them run ahead (rule A1). */
const MOST_TAKEN = 96
/** In the last blocks of a file too few are left to find out a client's order with (rule A1). */
const LAST_BLOCKS = 16
/** At least this many retransmissions at once mean that the client dropped the blocks (go-back-N), not that the link lost them one by one. A window of two cannot tell. */
const DROPPED_TOGETHER = 2
const LEAST_WINDOW = 2
/** The same for a client in order that answers repeats: a burst of lost ACKs must not silence the whole window. */
const LEAST_ANSWERED = 4
/**
 * With a longer timeout than this no block runs ahead of one that got no answer: a question about the order takes three round trips, a proof
 * three questions, and what comes later than 600 ms proves nothing (rule A1). The gap of a client whose order stays unknown is never closed.
 */
const PROOF_RTT_MS = 66
/** Blocks without such a drop that let the window grow by one again. */
const CLEAN_BLOCKS = 64

/**
 * The first block that may not run ahead of a gap (rule A1). Blocks that ran ahead and got no answer do not move it; a client that
 * acknowledges them takes them, and its order may still be unknown.
 */
export function runAheadEnd(s: SenderState): number {
  const { firstUnacked, endInTurn, highestAcked } = s
  const taken = Math.min(highestAcked + 1, firstUnacked + MOST_TAKEN)
  return Math.max(firstUnacked + windowOf(s), endInTurn, taken) + RUN_AHEAD
}

/** Whether the order of a client that acknowledges a block above a gap is known, or can be found out (rule A1): in time, and with the blocks that are left. */
export function isOrderFound(s: SenderState): boolean {
  if (s.order !== undefined && s.order.order !== 'unknown') return true
  return s.rto.waitMs(0, 0, 0) <= PROOF_RTT_MS && s.lastSeq - s.firstUnacked >= LAST_BLOCKS
}

/** Blocks that may be outstanding. */
export function windowOf(s: SenderState): number {
  if (s.firstUnacked === 1 || s.refused) return 1
  const { policy } = s
  // A client's order is found out with blocks that run ahead (A1): where few are left, a window that was not asked for closes.
  const endsSoon = policy.type === 'adaptive' && s.lastSeq - s.firstUnacked < LAST_BLOCKS
  if (endsSoon && (s.order === undefined || s.order.order === 'unknown')) return 1
  return Math.min(policy.windowBlocks, s.aheadLimit)
}

/**
 * A block was acknowledged. A client that takes blocks in order drops everything behind a lost one, so a wide window on a lossy link is
 * mostly sent twice (rule A11 sees that only after 200 blocks): after such a drop the window is half, and grows by one with each clean run.
 */
export function countClean(s: SenderState): void {
  if (++s.cleanBlocks < CLEAN_BLOCKS) return
  s.cleanBlocks = 0
  s.aheadLimit++
}

/** `blocks` had to be sent again at once. */
export function countDropped(s: SenderState, blocks: number): void {
  if (blocks < DROPPED_TOGETHER) return
  const window = windowOf(s)
  const least = s.order?.answersRepeats === true ? LEAST_ANSWERED : LEAST_WINDOW
  if (window <= least) return
  s.cleanBlocks = 0
  s.aheadLimit = Math.max(least, window >> 1)
}
