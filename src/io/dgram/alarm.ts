/**
 * One Node timer for the earliest deadline of everything.
 *
 * Deadlines move later with nearly every packet, so a later one leaves the armed timer alone: it fires for nothing now
 * and then and is armed again for the rest. Node runs timers before it polls sockets; the alarm therefore waits for the
 * poll (`setImmediate`) before it rings, so that every datagram that has arrived is handled first.
 */

/** Below this rest Node's timers (1 ms at best) would be late, so the alarm looks at the clock in each turn of the event loop. */
const SPIN_BELOW_MS = 1
/** The most datagrams that libuv hands over per socket and turn. A turn that reaches this number may have left some waiting. */
const FULL_POLL = 32
/** Turns that the alarm gives to waiting datagrams before it rings all the same. */
const MAX_TURNS = 8

export class Alarm {
  readonly #now: () => number
  readonly #arrivals: () => number
  readonly #ring: (now: number) => void
  #at = Infinity
  #armedAt = Infinity
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #arrivalsBefore = 0
  #turns = 0
  readonly #onTimeout = (): void => this.#poll()
  readonly #onPolled = (): void => this.#polled()

  /** `arrivals` counts the datagrams handled so far; `ring` is called once per deadline, never before it. */
  constructor(now: () => number, arrivals: () => number, ring: (now: number) => void) {
    this.#now = now
    this.#arrivals = arrivals
    this.#ring = ring
  }

  /** Replaces the deadline, in milliseconds of `now`; Infinity for none. */
  set(at: number): void {
    this.#at = at
    if (at < this.#armedAt) this.#arm(at)
  }

  close(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#at = Infinity
    // Nothing is earlier than this: whatever is set later stays silent.
    this.#armedAt = -Infinity
  }

  #arm(at: number): void {
    this.#armedAt = at
    const left = at - this.#now()
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (left < SPIN_BELOW_MS) this.#poll()
    else this.#timer = setTimeout(this.#onTimeout, Math.min(Math.ceil(left), 0x7fffffff))
  }

  /** Let the event loop look at the sockets once, then go on in `#polled`. */
  #poll(): void {
    if (this.#immediate !== undefined) return
    this.#arrivalsBefore = this.#arrivals()
    this.#immediate = setImmediate(this.#onPolled)
  }

  #polled(): void {
    this.#immediate = undefined
    const now = this.#now()
    if (this.#at > now) {
      this.#turns = 0
      this.#armedAt = Infinity
      if (this.#at < Infinity) this.#arm(this.#at)
      return
    }
    if (this.#arrivals() - this.#arrivalsBefore >= FULL_POLL && ++this.#turns < MAX_TURNS) return this.#poll()
    this.#turns = 0
    this.#at = Infinity
    this.#armedAt = Infinity
    this.#ring(now)
  }
}
