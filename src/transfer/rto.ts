/** How long to wait for an acknowledgement before something is sent again: RFC 6298's estimator with TFTP's bounds (rule A6). */

/** Below this the timer would mostly measure the scheduler. Rule A6. */
export const RTO_FLOOR_MS = 10

/** Weights of RFC 6298 §2. */
const SRTT_GAIN = 1 / 8
const RTTVAR_GAIN = 1 / 4
const RTTVAR_WEIGHT = 4
/** RFC 6298 §2, G: over a steady way RTTVAR ends at nothing, and an answer that is a moment late is no loss. */
const GRANULARITY_MS = 2

/** A round trip that was seen before a transfer began: that of its request. */
export interface FirstRoundTrip {
  readonly ms: number
  /** False where the request had left more than once: no sample then (Karn), but it took no longer than this. */
  readonly isSample: boolean
}

export class Rto {
  /** Smoothed round trip; 0 until the first sample. */
  srttMs = 0
  rttvarMs = 0
  /** The shortest round trip seen: nothing that the peer says sooner can be an answer. Infinity until the first sample. */
  minMs = Infinity

  /** Takes a round trip of a block that was sent once only (Karn's rule is the caller's to keep). */
  sample(rttMs: number): void {
    if (rttMs < this.minMs) this.minMs = rttMs
    if (this.srttMs === 0) {
      this.srttMs = rttMs
      this.rttvarMs = rttMs / 2
      return
    }
    this.rttvarMs += RTTVAR_GAIN * (Math.abs(this.srttMs - rttMs) - this.rttvarMs)
    this.srttMs += SRTT_GAIN * (rttMs - this.srttMs)
  }

  /** Forgets what was sampled before, but for the shortest round trip: the time of another packet, or none at all. */
  restart(rttMs: number, rttvarMs = rttMs / 2): void {
    this.srttMs = 0
    this.sample(rttMs)
    this.rttvarMs = rttvarMs
  }

  /**
   * The wait after `backoff` timeouts in a row: max(floor, SRTT + 4 RTTVAR) doubled `backoff` times, at most `capMs`, yet
   * never less than what the round trip itself asks for. Without a sample the floor is all there is.
   */
  waitMs(backoff: number, floorMs: number, capMs: number): number {
    const base = Math.max(floorMs, this.srttMs + Math.max(GRANULARITY_MS, RTTVAR_WEIGHT * this.rttvarMs))
    return Math.max(base, Math.min(capMs, base * (1 << Math.min(backoff, 16))))
  }

  /** `factor` round trips, at least `floorMs`: spacing of repeats and the time within which an answer counts as one. */
  roundsMs(factor: number, floorMs: number): number {
    return Math.max(floorMs, factor * this.srttMs)
  }
}
