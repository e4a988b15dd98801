/**
 * What the sender's two readings of acknowledgements have in common: block by block (block-flow.ts, rules A1 to A14) and
 * cumulative (window-flow.ts, rules N1 to N4). The sender keeps the phases of the transfer, a flow keeps the blocks.
 */
import type { ErrorCode } from '../error.ts'
import type { Counters, PeerRole, WindowPolicy } from './contract.ts'
import type { Pacer } from './pacer.ts'
import type { Rto } from './rto.ts'

interface FlowConfig {
  /** Blocks of the file, the final short one included. */
  readonly lastSeq: number
  readonly rollover: 0 | 1
  readonly near: boolean
  readonly clientTimeoutMs: number
  /** The device is known: its first timeout need not be a long one (rule A6). */
  readonly known: boolean
  /** The device counts repeats as new blocks: repeat nothing before its own timer has spoken (rule A13). */
  readonly patient: boolean
  /** What the peer is called in messages. */
  readonly peer: PeerRole
  /** The datagrams since the last progress that had no place in the transfer, as a clause of a message; '' for none. */
  readonly meanwhile: () => string
  /** Ends the transfer: the client was caught at something that spoils its image. */
  readonly fail: (code: ErrorCode, reason: string) => void
}

export interface FlowParts {
  readonly config: FlowConfig
  readonly policy: WindowPolicy
  readonly pacer: Pacer
  readonly rto: Rto
  readonly counters: Counters
}

export interface Flow {
  /** The lowest block that is not confirmed; `lastSeq + 1` when all are. */
  readonly firstUnacked: number
  /** When something new was confirmed last. */
  readonly progressAt: number
  /** When `timer` is wanted; Infinity for never. */
  readonly dueAt: number
  /** DATA 1 may leave. */
  open(now: number): void
  /** An ACK of `seq` arrived. */
  acked(now: number, seq: number): void
  timer(now: number): void
  /** ERROR 5 arrived: true when it answers a block that was not asked for, and the flow goes on without (rule A10). */
  refused(now: number): boolean
}

/** Rule A1: at most this many blocks may run ahead of one that is stuck. */
export const RUN_AHEAD = 16

/** Slots for a window and, once something timed out, for what may run ahead of it (A1), the block two beyond included. */
export function boardSpan(windowBlocks: number, mayRunAhead: boolean): number {
  return mayRunAhead ? windowBlocks + RUN_AHEAD + 2 : windowBlocks
}

/** Rule A6: several tries must fit inside a near client's own timer of a second. */
const NEAR_RTO_CAP_MS = 120
/** Far peers: no doubling beyond this, whatever the client's timer says. */
const FAR_RTO_CAP_MS = 2000
/** Rule A14: after this time without progress repeats are rare. */
const QUIET_AFTER_MS = 1000
/** Rule A14: the time between two repeats when nothing has progressed for QUIET_AFTER_MS. */
const QUIET_WAIT_MS = 1000

/** The retransmission timeout while no round trip was measured. */
const NEAR_UNKNOWN_MS = 250
const FAR_UNKNOWN_MS = 1000

/** How long to wait for an answer after `backoff` timeouts in a row (rules A6, A14). */
export function waitMs(parts: FlowParts, now: number, progressAt: number, backoff: number): number {
  const { config, policy, rto } = parts
  const quiet = now - progressAt >= QUIET_AFTER_MS
  if (policy.rtoMaxMs !== Infinity) return Math.max(policy.rtoMaxMs, quiet ? QUIET_WAIT_MS : 0)
  if (quiet) return QUIET_WAIT_MS
  if (rto.srttMs === 0) return Math.max(policy.rtoMinMs, config.near ? NEAR_UNKNOWN_MS : FAR_UNKNOWN_MS)
  const cap = config.near ? NEAR_RTO_CAP_MS : FAR_RTO_CAP_MS
  return rto.waitMs(backoff, policy.rtoMinMs, Math.min(cap, config.clientTimeoutMs))
}

/** An answer comes within three round trips (rules A1, A10); the floor allows for a busy scheduler. */
const ANSWER_FLOOR_MS = 2
export function answerWindowMs(rto: Rto): number {
  return rto.roundsMs(3, ANSWER_FLOOR_MS)
}

/** Spacing of repeats of one gap: 1.5 round trips (rules N1, A3). */
export function gapSpacingMs(rto: Rto): number {
  return rto.roundsMs(1.5, 1)
}

/** How long a client that acknowledges inside windows may be silent before it counts as stuck (N1): as long as its round trips vary. */
export function stuckMs(rto: Rto): number {
  return Math.max(gapSpacingMs(rto), rto.srttMs + 4 * rto.rttvarMs)
}
