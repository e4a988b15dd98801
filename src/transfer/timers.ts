/**
 * Every deadline of a sender, in milliseconds of its `now`; Infinity while it is not set. The earliest one is what the owner is
 * asked to call back for.
 */
export interface SenderTimers {
  /** When the OACK or DATA 1 leaves again, or the transfer is given up: the peer has not proved its address yet (rule A5). */
  contactAt: number
  /** When the first unacknowledged block counts as lost (rules A6, A14). */
  retryAt: number
  /** When blocks may leave again after the ACK of a repeated one (rule A13). */
  heldUntil: number
  /** When the second half of a nudge leaves (rule A7). */
  nudgeAt: number
  /** When the next datagram of a paced run leaves: copies and gaps of the policy. */
  paceAt: number
  /** When a client that acknowledges inside windows counts as stuck (rule N1). */
  stuckAt: number
  /** When the next part of a window that leaves in bursts may leave (rule N3). */
  burstAt: number
  /** When the final ACK stayed uncontradicted for long enough (rule A13). */
  lingerUntil: number
}

export const NO_TIMERS: Readonly<SenderTimers> = {
  contactAt: Infinity,
  retryAt: Infinity,
  heldUntil: Infinity,
  nudgeAt: Infinity,
  paceAt: Infinity,
  stuckAt: Infinity,
  burstAt: Infinity,
  lingerUntil: Infinity,
}

/** The earliest deadline that concerns blocks: all but those of the two ends of a transfer's life. */
export function nextOfBlocks(t: SenderTimers): number {
  return Math.min(t.retryAt, t.contactAt, t.heldUntil, t.nudgeAt, t.paceAt, t.stuckAt, t.burstAt)
}
