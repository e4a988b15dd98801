/**
 * How a sender reads ACKs: block by block (individual.ts, rules A1 to A14), cumulatively (cumulative.ts, N1 to N4), or until it is known
 * which of the two (window-proof.ts, N5). The sender
 * keeps the phases of a transfer, a reading keeps its blocks. A reading has no state of its own: all of it is the record.
 */
import type { SenderState } from './sender-state.ts'

export interface Reading {
  /** DATA 1 may leave. */
  open(s: SenderState, now: number): void
  /** An ACK of `seq` arrived. */
  acked(s: SenderState, now: number, seq: number): void
  /** A deadline of blocks came due (timers.ts). */
  timer(s: SenderState, now: number): void
  /** ERROR 5 arrived: true when it answers a block that was not asked for, and the transfer goes on without (rule A10). `isAlive`: its text says that the client has a transfer. */
  refused(s: SenderState, now: number, isAlive: boolean): boolean
}
