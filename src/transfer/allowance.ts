/**
 * Bytes that may leave in a time: a token bucket that several transfers may share. What leaves is paid for at once, and a bucket in debt
 * makes the next window wait until the debt is earned. So no window is cut and no packet dropped, and over time the rate holds exactly.
 */

export interface Allowance {
  /** Pays for `bytes`, and returns for how many milliseconds they have to wait. */
  spend(now: number, bytes: number): number
}

/** A quiet bucket saves up as much as it earns in this time: the start of a transfer need not wait. */
const SAVED_MS = 50

export class TokenBucket implements Allowance {
  readonly bytesPerSec: number
  /** Negative while it is in debt. */
  #level: number
  #earnedAt = -Infinity

  constructor(bytesPerSec: number) {
    this.bytesPerSec = bytesPerSec
    this.#level = this.#mostSaved
  }

  spend(now: number, bytes: number): number {
    if (now > this.#earnedAt) {
      const earned = this.#earnedAt === -Infinity ? 0 : ((now - this.#earnedAt) / 1000) * this.bytesPerSec
      this.#level = Math.min(this.#mostSaved, this.#level + earned)
      this.#earnedAt = now
    }
    const waitMs = this.#level >= 0 ? 0 : (-this.#level / this.bytesPerSec) * 1000
    this.#level -= bytes
    return waitMs
  }

  /** Whether nothing would be lost by forgetting it at `now`. */
  isFull(now: number): boolean {
    return this.#level + ((now - this.#earnedAt) / 1000) * this.bytesPerSec >= this.#mostSaved
  }

  get #mostSaved(): number {
    return (SAVED_MS / 1000) * this.bytesPerSec
  }
}

/** Each of `allowances` is paid, and the longest wait counts. Undefined for none. */
export function allOf(allowances: readonly Allowance[]): Allowance | undefined {
  if (allowances.length < 2) return allowances[0]
  return {
    spend(now, bytes) {
      let waitMs = 0
      for (const allowance of allowances) waitMs = Math.max(waitMs, allowance.spend(now, bytes))
      return waitMs
    },
  }
}
