/**
 * Decides when a loop keeps looking for an answer instead of going to sleep. In lock-step the answer comes within microseconds,
 * and going to sleep and being woken costs more than everything else that a block needs.
 *
 * A loop spins only while answers really come that soon, so an idle machine and a slow link cost nothing.
 */

/** This many spins in a row that no answer ended are enough: the loop stops spinning for a while. */
const MAX_FRUITLESS = 8

export interface SpinOptions {
  /** How long one spin waits for an answer, in milliseconds. */
  readonly spinMs: number
  /** After too many fruitless spins this many calls of `begin` begin none. */
  readonly rest: number
  /** Processor cores. With a single one a spin would take the time from the peer that it waits for, so there is none. */
  readonly cores: number
}

export class Spin {
  readonly #options: SpinOptions
  readonly #isOn: boolean
  /** -Infinity while no spin is on. */
  #until = -Infinity
  #fruitless = 0
  #rest = 0

  constructor(options: SpinOptions) {
    this.#options = options
    this.#isOn = options.cores > 1
  }

  /**
   * An answer may come soon after `now` (milliseconds): a spin begins. During a spin the call means that an answer came, and
   * the spin starts anew.
   */
  begin(now: number): void {
    if (!this.#isOn) return
    // Only an answer that came during a spin shows that spinning pays.
    if (this.#until !== -Infinity) this.#fruitless = 0
    if (this.#rest > 0) this.#rest--
    else this.#until = now + this.#options.spinMs
  }

  /** Whether the loop looks again at once. */
  isOn(now: number): boolean {
    return now < this.#until
  }

  /** The spin is over, and no answer ended it. Does nothing when there was no spin. */
  end(): void {
    if (this.#until === -Infinity) return
    this.#until = -Infinity
    if (++this.#fruitless < MAX_FRUITLESS) return
    this.#fruitless = 0
    this.#rest = this.#options.rest
  }
}
