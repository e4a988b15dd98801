/** When a loop waits for an answer without sleeping, and for how long it sleeps. */

/** A sleep after an arrival, doubled while nothing comes … */
const FIRST_SLEEP_MS = 1
/** … up to this: Node's timers are not among what it wakes for, and are late by as much. */
const MAX_SLEEP_MS = 4
/** How long an answer is waited for without sleeping: going to sleep and being woken costs more than a lock-step block. */
const SPIN_MS = 0.05
/** So many spins in a row that no answer ended, and it stops … */
const MOST_FRUITLESS = 8
/** … for so many arrivals. */
const REST_ARRIVALS = 256

export class SpinTimes {
  /** Milliseconds of the next sleep. */
  sleepMs = FIRST_SLEEP_MS
  readonly #spins: boolean
  #spinUntil = 0
  #fruitless = 0
  #rest = 0

  /** `cores`: with a single one a spin would take the time from the peer that it waits for. */
  constructor(cores: number) {
    this.#spins = cores > 1
  }

  /** An answer may come any moment: look again at once. */
  spins(now: number): boolean {
    return now < this.#spinUntil
  }

  /** Something arrived. */
  answered(now: number): void {
    this.sleepMs = FIRST_SLEEP_MS
    if (!this.#spins) return
    // Only what came while it span shows that spinning pays.
    if (this.#spinUntil !== 0) this.#fruitless = 0
    if (this.#rest > 0) this.#rest--
    else this.#spinUntil = now + SPIN_MS
  }

  /** It is about to sleep. It spins only while answers come that soon. */
  sleeps(): void {
    if (this.#spinUntil === 0) return
    this.#spinUntil = 0
    if (++this.#fruitless < MOST_FRUITLESS) return
    this.#fruitless = 0
    this.#rest = REST_ARRIVALS
  }

  /** It slept, and nothing came. */
  slept(): void {
    this.sleepMs = Math.min(MAX_SLEEP_MS, this.sleepMs * 2)
  }
}
