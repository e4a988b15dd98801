/** When a loop that polls its sockets looks again without sleeping, and for how long it sleeps. */
import { Spin } from '../spin.ts'

/** The first sleep after an arrival, in milliseconds. It doubles while nothing comes. */
const FIRST_SLEEP_MS = 1
/** The longest sleep, in milliseconds: no sleep ends for Node's timers, so they are late by this much. */
const MAX_SLEEP_MS = 4
/** How long an answer is waited for without sleeping, in milliseconds. */
const SPIN_MS = 0.05
/** After too many spins without an answer this many arrivals begin none. */
const REST_ARRIVALS = 256

export class SpinTimes {
  /** Milliseconds of the next sleep. */
  sleepMs = FIRST_SLEEP_MS
  readonly #spin: Spin

  /** `cores`: see `SpinOptions`. */
  constructor(cores: number) {
    this.#spin = new Spin({ spinMs: SPIN_MS, rest: REST_ARRIVALS, cores })
  }

  /** Whether an answer may come any moment, so that the loop looks again at once. */
  spins(now: number): boolean {
    return this.#spin.isOn(now)
  }

  /** Something arrived. */
  answered(now: number): void {
    this.sleepMs = FIRST_SLEEP_MS
    this.#spin.begin(now)
  }

  /** The loop is about to sleep. */
  sleeps(): void {
    this.#spin.end()
  }

  /** The loop slept, and nothing came. */
  slept(): void {
    this.sleepMs = Math.min(MAX_SLEEP_MS, this.sleepMs * 2)
  }
}
