/** Keeps a flood of requests from becoming a flood of events: a few at once, then a steady trickle, the rest counted. */

/** A person who tries a few things by hand sees every one of them. */
const BURST = 16
const PER_SECOND = 1

export class EventBudget {
  #left = BURST
  #suppressed = 0
  #refilledAt = -Infinity

  /** Whether one more event may be told at `now` (milliseconds). */
  take(now: number): boolean {
    const earned = ((now - this.#refilledAt) / 1000) * PER_SECOND
    if (earned >= 1) {
      this.#left = Math.min(BURST, this.#left + Math.floor(earned))
      this.#refilledAt = now
    }
    if (this.#left === 0) {
      this.#suppressed++
      return false
    }
    this.#left--
    return true
  }

  /** How many were left out since this was last asked. */
  takeSuppressed(): number {
    const suppressed = this.#suppressed
    this.#suppressed = 0
    return suppressed
  }
}
