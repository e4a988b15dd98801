/**
 * Keeps the event loop looking at its sockets for a moment after a datagram. In lock-step the answer comes within
 * microseconds, and going to sleep and being woken costs more than everything else that a block needs.
 *
 * It spins only while answers really come that soon, so an idle server and a slow link cost nothing.
 */

/** How long an answer is waited for. */
const SPIN_MS = 0.1
/** So many spins in a row without an answer, and it stops … */
const MOST_FRUITLESS = 8
/** … for this many datagrams. */
const REST_DATAGRAMS = 256

export class Spin {
  readonly #now: () => number
  readonly #isOn: boolean
  #until = 0
  #turning = false
  #fruitless = 0
  #rest = 0
  /** A datagram came since the spin began. */
  #answered = false
  readonly #turn = (): void => {
    if (this.#now() < this.#until) {
      setImmediate(this.#turn)
      return
    }
    this.#turning = false
    if (this.#answered) this.#fruitless = 0
    else if (++this.#fruitless >= MOST_FRUITLESS) {
      this.#fruitless = 0
      this.#rest = REST_DATAGRAMS
    }
  }

  /** `cores`: with a single one the spin would take the time from the peer that it waits for. */
  constructor(now: () => number, cores: number) {
    this.#now = now
    this.#isOn = cores > 1
  }

  /** A datagram of a transfer was handled at `now`, and another may follow at once. */
  datagram(now: number): void {
    if (!this.#isOn) return
    if (this.#rest > 0) {
      this.#rest--
      return
    }
    this.#until = now + SPIN_MS
    if (this.#turning) {
      this.#answered = true
      return
    }
    this.#turning = true
    this.#answered = false
    setImmediate(this.#turn)
  }
}
