/** When a request came last: the counters of the server are looked at, as events are made for those who read them alone. */
import type { ServerStats } from '../server/contract.ts'

const LOOK_EVERY_MS = 1000

export class RequestTime {
  readonly #timer: NodeJS.Timeout
  #asked: number
  #last: number | undefined

  constructor(stats: () => ServerStats) {
    const count = (): number => {
      const { requested, refused } = stats().transfers
      return requested + refused
    }
    this.#asked = count()
    this.#timer = setInterval(() => {
      const asked = count()
      if (asked !== this.#asked) this.#last = Date.now()
      this.#asked = asked
    }, LOOK_EVERY_MS).unref()
  }

  /** Milliseconds since the epoch, a second late at most; undefined while none came. */
  get last(): number | undefined {
    return this.#last
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
