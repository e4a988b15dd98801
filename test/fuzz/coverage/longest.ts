/** Times the steps of an input: a step is a packet, a few that follow each other, or some seconds of timers. */
import { performance } from 'node:perf_hooks'

export class Longest {
  /** The longest step so far, in milliseconds. */
  ms = 0

  time(step: () => void): void {
    const before = performance.now()
    step()
    this.ms = Math.max(this.ms, performance.now() - before)
  }
}
