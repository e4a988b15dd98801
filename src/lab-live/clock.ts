/** Runs a lab's world along the real clock: what is due happens, and one alarm waits for what comes next. */
import { performance } from 'node:perf_hooks'
import type { World } from '../lab/index.ts'
import { Alarm } from '../io/dgram/alarm.ts'

/** The step of Node's timers. */
const TIMER_MS = 1
/** In one go, before sockets get their turn again. */
const MOST_DATAGRAMS = 10_000

export class LabClock {
  readonly #world: World
  readonly #startedAt = performance.now()
  readonly #alarm: Alarm
  readonly #settled: () => void
  #arrivals = 0

  /** `settled` is called whenever something happened. */
  constructor(world: World, settled: () => void = () => {}) {
    this.#world = world
    this.#settled = settled
    this.#alarm = new Alarm(
      () => this.now(),
      () => this.#arrivals,
      () => this.pump(),
    )
  }

  /** Milliseconds since this clock was made: the time of the world. */
  now(): number {
    return performance.now() - this.#startedAt
  }

  /** A datagram came in from a real socket and was handed to a link. */
  arrived(): void {
    this.#arrivals++
    this.pump()
  }

  /** Lets happen what is due. */
  pump(): void {
    this.#world.run({ untilMs: this.now(), maxDatagrams: MOST_DATAGRAMS })
    const { nextAt } = this.#world
    // Node's timers are late by up to one of their milliseconds: the last one is waited for in turns of the event loop.
    this.#alarm.set(nextAt - this.now() > 1 + TIMER_MS ? nextAt - TIMER_MS : nextAt)
    this.#settled()
  }

  close(): void {
    this.#alarm.close()
  }
}
