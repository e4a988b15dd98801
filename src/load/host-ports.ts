/** The ports of many made-up hosts together: looking at them, waiting for them, and not sleeping while answers come at once. */
import { performance } from 'node:perf_hooks'
import { HostPort, hostNetwork, type Received } from './hosts.ts'
import * as linux from '../io/native/linux.ts'
import type { Native } from '../io/native/linux.ts'
import { Spin } from '../io/spin.ts'

/** How long an answer is waited for without sleeping, in milliseconds. */
const SPIN_MS = 0.1
/** After too many spins without an answer this many sleeps begin at once. */
const REST_SLEEPS = 64

export class HostPorts {
  readonly ports: readonly HostPort[]
  readonly native: Native
  readonly #spin: Spin
  readonly #fds: Uint8Array

  /** Talks to the server at `address` and `port` from `count` ports. `cores`: see `SpinOptions`. */
  constructor(native: Native, address: string, port: number, count: number, cores: number) {
    this.native = native
    this.#spin = new Spin({ spinMs: SPIN_MS, rest: REST_SLEEPS, cores })
    this.#fds = new Uint8Array(count * linux.POLLFD.bytes)
    const network = hostNetwork(native, address, port)
    const ports: HostPort[] = []
    this.ports = ports
    try {
      for (let i = 0; i < count; i++) {
        ports.push(new HostPort(network, i))
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

  /** Does what `receive` does for all ports, and waits at most `ms` until something is there. */
  await(received: Received, handled: () => void, ms: number): number {
    const count = this.#lookWithoutSleep(received, handled, ms)
    if (count > 0) return count
    return this.native.poll(this.#fds, this.ports.length, ms) > 0 ? this.receive(received, handled, true) : 0
  }

  close(): void {
    for (const port of this.ports) port.close()
  }

  #lookWithoutSleep(received: Received, handled: () => void, ms: number): number {
    const spin = this.#spin
    let now = performance.now()
    const until = now + ms
    spin.begin(now)
    if (!spin.isOn(now)) return 0
    do {
      const count = this.receive(received, handled, false)
      if (count > 0) return count
      now = performance.now()
    } while (spin.isOn(now) && now < until)
    spin.end()
    return 0
  }
}
