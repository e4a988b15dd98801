/** The time that work in the background may take: some at once after a quiet time, and a share of a core in the long run. */

export interface WorkBudgetLimits {
  /** Milliseconds after a quiet time. */
  readonly mostMs: number
  /** Milliseconds for each one that passes. */
  readonly share: number
  /** What a piece of work takes until one was measured. */
  readonly expectedMs: number
}

/** How much of what is expected comes from the last piece of work. */
const NEWEST_SHARE = 0.25

export class WorkBudget {
  readonly #limits: WorkBudgetLimits
  #leftMs: number
  #filledAt = -Infinity
  #expectedMs: number

  constructor(limits: WorkBudgetLimits) {
    this.#limits = limits
    this.#leftMs = limits.mostMs
    this.#expectedMs = limits.expectedMs
  }

  /** Takes what a piece of work is expected to take, where more than `keptMs` is left at `now`. Undefined where it is not; else for `done`. */
  take(now: number, keptMs = 0): number | undefined {
    const { mostMs, share } = this.#limits
    if (this.#filledAt > -Infinity) this.#leftMs = Math.min(mostMs, this.#leftMs + share * (now - this.#filledAt))
    this.#filledAt = now
    if (this.#leftMs <= keptMs) return undefined
    this.#leftMs -= this.#expectedMs
    return this.#expectedMs
  }

  /** A piece of work for which `takenMs` were taken took `tookMs`. */
  done(takenMs: number, tookMs: number): void {
    this.#leftMs += takenMs - tookMs
    this.#expectedMs += NEWEST_SHARE * (tookMs - this.#expectedMs)
  }
}
