/**
 * Rule N5: a window that we asked a server for must prove itself. RFC 7440 has a server that agreed to a window acknowledge its end, or a
 * gap, so DATA 1 alone brings no ACK. A device that only echoes options acknowledges each block: it may store blocks in any order, and its
 * ACK says nothing of the blocks before. It gets one block at a time, and each ACK counts for its own block.
 */
import { COUNTER } from './contract.ts'
import { continueWindow, CUMULATIVE } from './cumulative.ts'
import { INDIVIDUAL } from './individual.ts'
import type { Reading } from './reading.ts'
import { markSent, newScoreboard } from './scoreboard.ts'
import { NO_BOARD, type SenderState } from './sender-state.ts'
import { carryOut, sendFirst } from './transmit.ts'
import { FAST_OACK_MS, slowestMs } from './waits.ts'
import type { Windows } from './windows.ts'

/** The ACK of DATA 1 is waited for this long at least, and for this many round trips of the request. */
const LEAST_PROOF_MS = 10
const PROOF_ROUNDS = 1.5
/** On a slow link DATA 1 takes longer than the request; that is waited for no longer than this. */
const MOST_SLOWER_MS = 100

/** This many blocks inside windows that brought no ACK show that the server acknowledges the ends of windows. */
const SILENT_BLOCKS = 8

export const PROVING: Reading = { open, acked, timer, refused }

function open(s: SenderState, now: number): void {
  s.progressAt = now
  sendFirst(s, now)
  s.retryAt = now + proofMs(s)
}

function acked(s: SenderState, now: number, seq: number): void {
  const { windows } = s
  if (windows === undefined) return firstAcked(s, now, seq)
  if (seq < s.firstUnacked || seq > s.highestSent) return CUMULATIVE.acked(s, now, seq)
  if (windows.doubtful > 0) {
    // A copy by the network tells nothing.
    if (seq !== windows.doubtful) readEach(s, now, windows.doubtful, seq)
  } else if (seq === windows.end) {
    windows.silentBlocks += seq - s.firstUnacked
    CUMULATIVE.acked(s, now, seq)
    if (windows.silentBlocks >= SILENT_BLOCKS) s.otherPolicy = undefined
  } else doubt(s, windows, now, seq)
}

function timer(s: SenderState, now: number): void {
  const { windows } = s
  if (windows === undefined) {
    if (s.retryAt > now) return
    s.board = NO_BOARD
    exchangePolicies(s)
    continueWindow(s, now)
  } else if (windows.doubtful === 0) CUMULATIVE.timer(s, now)
  else if (s.retryAt <= now) {
    // The next block alone brought no ACK: it was a gap, as are all inside windows.
    const seq = windows.doubtful
    windows.doubtful = 0
    windows.insideAck = 'gap'
    CUMULATIVE.acked(s, now, seq)
  }
}

function refused(s: SenderState, now: number, isAlive: boolean): boolean {
  return s.windows === undefined && INDIVIDUAL.refused(s, now, isAlive)
}

/** DATA 1 was acknowledged by itself. */
function firstAcked(s: SenderState, now: number, seq: number): void {
  if (seq !== 1) {
    // A copy of the ACK that answered the request.
    s.counters[COUNTER.ignored]++
    return
  }
  s.otherPolicy = undefined
  // DATA 1 is timed by itself: a server opens its file before it answers a request.
  s.rto.srttMs = 0
  s.pauseMs = 0
  INDIVIDUAL.acked(s, now, seq)
}

/** An ACK inside a window reports a gap, or it is one of many. Nothing counts before the block behind it was sent alone. */
function doubt(s: SenderState, w: Windows, now: number, seq: number): void {
  // The final block would end the file.
  if (seq + 1 >= s.lastSeq) return readEach(s, now, seq, seq)
  w.doubtful = seq
  s.burstAt = Infinity
  s.stuckAt = Infinity
  s.paceAt = Infinity
  carryOut(s, now, { type: 'repeat', seq: seq + 1 })
  s.retryAt = now + proofMs(s)
}

/** From now on each ACK counts for its own block. What is out keeps its place and gets a mark, `first` and `second` one of an ACK. */
function readEach(s: SenderState, now: number, first: number, second: number): void {
  const { firstUnacked, highestSent } = s
  s.windows = undefined
  s.withheld = 0
  s.timeouts = 0
  s.burstAt = Infinity
  s.stuckAt = Infinity
  s.paceAt = Infinity
  s.board = newScoreboard(highestSent + 1 - firstUnacked)
  for (let seq = firstUnacked; seq <= highestSent; seq++) markSent(s.board, now, seq)
  s.nextToSend = highestSent + 1
  s.endInTurn = s.nextToSend
  s.highestAcked = firstUnacked - 1
  exchangePolicies(s)
  s.otherPolicy = undefined
  INDIVIDUAL.acked(s, now, first)
  if (second !== first && s.failure === undefined) INDIVIDUAL.acked(s, now, second)
}

function exchangePolicies(s: SenderState): void {
  const { policy, otherPolicy } = s
  if (otherPolicy === undefined) return
  s.policy = otherPolicy
  s.otherPolicy = policy
  s.counters[COUNTER.windowBlocks] = s.policy.windowBlocks
}

function proofMs(s: SenderState): number {
  const { srttMs } = s.rto
  const requestMs = srttMs > 0 ? srttMs : Math.min(MOST_SLOWER_MS, s.pauseMs)
  const slowerMs = srttMs > FAST_OACK_MS ? Math.min(MOST_SLOWER_MS, slowestMs(s, 1)) : 0
  return Math.max(LEAST_PROOF_MS, PROOF_ROUNDS * requestMs + slowerMs)
}
