/**
 * Keeps what any host of the network can cause from becoming a flood: lets a few through at once and then a steady trickle (a token
 * bucket), the same thing only once in a while, and counts the rest.
 */

export interface Rate {
  /** At once, after a quiet time. */
  readonly burst: number
  readonly perSecond: number
  /** A key passes once in this time, in milliseconds. */
  readonly sameKeyMs?: number
}

export class RateLimiter {
  readonly #rate: Rate
  #left: number
  #suppressed = 0
  #refilledAt = -Infinity
  /** When each key passed, the oldest first. Bounded by the rate: only what passed is here. */
  readonly #passed = new Map<string, number>()

  constructor(rate: Rate) {
    this.#rate = rate
    this.#left = rate.burst
  }

  /** Keys that cannot pass again yet. */
  get remembered(): number {
    return this.#passed.size
  }

  /** Whether one more may pass at `now` (milliseconds). With a `key` and `sameKeyMs` it must not have passed lately. */
  take(now: number, key?: string): boolean {
    this.#refill(now)
    const { sameKeyMs } = this.#rate
    const isKeyed = key !== undefined && sameKeyMs !== undefined
    if (isKeyed) this.#forget(now - sameKeyMs)
    if (this.#left === 0 || (isKeyed && this.#passed.has(key))) {
      this.#suppressed++
      return false
    }
    if (isKeyed) this.#passed.set(key, now)
    this.#left--
    return true
  }

  /** Whether `take` without a key would let one more pass at `now`. */
  lets(now: number): boolean {
    this.#refill(now)
    return this.#left > 0
  }

  /** How many were held back since the last call. */
  takeSuppressed(): number {
    const suppressed = this.#suppressed
    this.#suppressed = 0
    return suppressed
  }

  #refill(now: number): void {
    const { burst, perSecond } = this.#rate
    const earned = ((now - this.#refilledAt) / 1000) * perSecond
    if (earned < 1) return
    const whole = Math.floor(earned)
    this.#left = Math.min(burst, this.#left + whole)
    // What is earned of the next one is kept, but a full bucket earns nothing.
    this.#refilledAt = this.#left === burst ? now : this.#refilledAt + (whole * 1000) / perSecond
  }

  /** Lets go of keys that passed at `until` or before. */
  #forget(until: number): void {
    for (const [key, at] of this.#passed) {
      if (at > until) return
      this.#passed.delete(key)
    }
  }
}
