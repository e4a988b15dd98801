/** Keeps Node's event loop looking at its sockets for a moment after a datagram, instead of going to sleep. */
import { Spin } from '../spin.ts'

/** How long an answer is waited for, in milliseconds. */
const SPIN_MS = 0.1
/** After too many spins without an answer this many datagrams begin none. */
const REST_DATAGRAMS = 256

export class EventLoopSpin {
  readonly #now: () => number
  readonly #spin: Spin
  #turning = false
  readonly #turn = (): void => {
    if (this.#spin.isOn(this.#now())) {
      setImmediate(this.#turn)
      return
    }
    this.#turning = false
    this.#spin.end()
  }

  /** `now` reads the clock, in milliseconds. `cores`: see `SpinOptions`. */
  constructor(now: () => number, cores: number) {
    this.#now = now
    this.#spin = new Spin({ spinMs: SPIN_MS, rest: REST_DATAGRAMS, cores })
  }

  /** A datagram of a transfer was handled at `now`, and another may follow at once. */
  datagram(now: number): void {
    this.#spin.begin(now)
    if (this.#turning || !this.#spin.isOn(now)) return
    this.#turning = true
    setImmediate(this.#turn)
  }
}
