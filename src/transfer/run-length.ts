/**
 * How many blocks get through in a row on this link. Everything after a lost block of a window has to be sent again, so on
 * a link that loses often a window leaves in bursts of about the length that survives (rule N3).
 */

/** Weight of the newest run. */
const GAIN = 1 / 4
/** A run this many times as long as the mean shows that the link got better. */
const CLEAN_RUN = 4
/** Half the mean run gets through whole more often than not. */
const BURST_SHARE = 1 / 2
/** Receive rings of one or two frames exist: nothing more may leave at once then. */
export const LEAST_BURST = 1

export class RunLength {
  /** Blocks between two losses, smoothed; Infinity until something was lost. */
  #mean = Infinity
  #current = 0

  delivered(blocks: number): void {
    this.#current += blocks
    // A long clean run speaks for itself before its end is known.
    if (this.#current > CLEAN_RUN * this.#mean) this.#mean = this.#current / 2
  }

  lost(): void {
    this.#mean = this.#mean === Infinity ? this.#current : this.#mean + GAIN * (this.#current - this.#mean)
    this.#current = 0
  }

  /** Blocks of a window of `windowBlocks` that leave at once. */
  burstBlocks(windowBlocks: number): number {
    const burst = Math.ceil(this.#mean * BURST_SHARE)
    return Math.min(windowBlocks, Math.max(LEAST_BURST, burst))
  }
}
