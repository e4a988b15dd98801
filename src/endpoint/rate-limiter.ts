/** Lets a few through at once and then a steady trickle, and counts the rest (a token bucket). */

export interface Rate {
  /** At once, after a quiet time. */
  readonly burst: number
  readonly perSecond: number
}

export class RateLimiter {
  readonly #rate: Rate
  #left: number
  #suppressed = 0
  #refilledAt = -Infinity

  constructor(rate: Rate) {
    this.#rate = rate
    this.#left = rate.burst
  }

  /** Whether one more may pass at `now` (milliseconds). */
  take(now: number): boolean {
    const { burst, perSecond } = this.#rate
    const earned = ((now - this.#refilledAt) / 1000) * perSecond
    if (earned >= 1) {
      this.#left = Math.min(burst, this.#left + Math.floor(earned))
      this.#refilledAt = now
    }
    if (this.#left === 0) {
      this.#suppressed++
      return false
    }
    this.#left--
    return true
  }

  /** How many were held back since the last call. */
  takeSuppressed(): number {
    const suppressed = this.#suppressed
    this.#suppressed = 0
    return suppressed
  }
}
