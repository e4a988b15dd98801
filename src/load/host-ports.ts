/** The ports of many made-up hosts together: looking at them, waiting for them, and not sleeping while answers come at once. */
import { performance } from 'node:perf_hooks'
import { HostPort, hostPlace, type Received } from './hosts.ts'
import * as linux from '../io/native/linux.ts'
import type { Native } from '../io/native/linux.ts'

/** How long an answer is waited for without sleeping: going to sleep and being woken costs more than a lock-step block. */
const SPIN_MS = 0.1
/** So many spins in a row without an answer, and it sleeps at once … */
const MOST_FRUITLESS = 8
/** … for so many sleeps. */
const REST_SLEEPS = 64

export class HostPorts {
  readonly ports: readonly HostPort[]
  readonly native: Native
  readonly #spins: boolean
  readonly #fds: Uint8Array
  #fruitless = 0
  #rest = 0

  /** Talks to the server at `address` and `port` from `count` ports. `cores`: with one the spin would take the server's time. */
  constructor(native: Native, address: string, port: number, count: number, cores: number) {
    this.native = native
    this.#spins = cores > 1
    this.#fds = new Uint8Array(count * linux.POLLFD.bytes)
    const place = hostPlace(native, address, port)
    const ports: HostPort[] = []
    this.ports = ports
    try {
      for (let i = 0; i < count; i++) {
        ports.push(new HostPort(place, i))
        linux.writePollfd(this.#fds, i, ports[i].fd, linux.POLLIN)
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /**
   * Hands over a batch of each port, those without transfers only when `all`. `handled` is called after each batch, before
   * its bytes are gone; then what it gave rise to leaves. Returns the largest number of messages that a port had.
   */
  receive(received: Received, handled: () => void, all: boolean): number {
    let most = 0
    for (const port of this.ports) {
      if (port.live === 0 && !all) continue
      const count = port.receive(received)
      if (count === 0) continue
      handled()
      most = Math.max(most, count)
      this.flush()
    }
    return most
  }

  flush(): void {
    for (const port of this.ports) if (port.hasMore) port.flush()
  }

  /** The same, waiting at most `ms` until something is there. */
  await(received: Received, handled: () => void, ms: number): number {
    if (this.#spins) {
      if (this.#rest > 0) this.#rest--
      else {
        const count = this.#spin(received, handled, Math.min(ms, SPIN_MS))
        if (count > 0) return count
      }
    }
    return this.native.poll(this.#fds, this.ports.length, ms) > 0 ? this.receive(received, handled, true) : 0
  }

  close(): void {
    for (const port of this.ports) port.close()
  }

  #spin(received: Received, handled: () => void, ms: number): number {
    const until = performance.now() + ms
    do {
      const count = this.receive(received, handled, false)
      if (count > 0) {
        this.#fruitless = 0
        return count
      }
    } while (performance.now() < until)
    if (++this.#fruitless >= MOST_FRUITLESS) {
      this.#fruitless = 0
      this.#rest = REST_SLEEPS
    }
    return 0
  }
}
