import { type Frame, HeldFrame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'
import type { Rng } from '../rng.ts'

export interface ReorderOptions {
  /** Share of datagrams that are overtaken. */
  readonly p: number
  /** How many later ones overtake it. Default 3. */
  readonly distance?: number
  /** It arrives after this long in any case, overtaken or not: a network is late, it does not wait. Default 2. */
  readonly holdMs?: number
}

const DEFAULT_DISTANCE = 3
const DEFAULT_HOLD_MS = 2

/** The network lets later datagrams overtake some. */
export function reorder(options: ReorderOptions, rng: Rng): Fault {
  return new Reorder(options, rng)
}

class Reorder implements Fault {
  readonly type = 'reorder'
  readonly side = 'sending'
  deadline = Infinity
  readonly #p: number
  readonly #distance: number
  readonly #holdMs: number
  readonly #rng: Rng
  /** In the order in which they came, which is also that of their deadlines. */
  readonly #late: Late[] = []
  readonly #spare: Late[] = []

  constructor(options: ReorderOptions, rng: Rng) {
    this.#p = options.p
    this.#distance = options.distance ?? DEFAULT_DISTANCE
    this.#holdMs = options.holdMs ?? DEFAULT_HOLD_MS
    this.#rng = rng
  }

  apply(now: number, frame: Frame, out: FaultOutput): void {
    if (this.#rng.chance(this.#p)) {
      const held = this.#spare.pop() ?? new Late()
      held.hold(frame)
      held.overtakersLeft = this.#distance
      held.until = now + this.#holdMs
      this.#late.push(held)
    } else {
      out.pass(frame, 0)
      for (let i = 0; i < this.#late.length; i++) this.#late[i]!.overtakersLeft--
    }
    this.#release(now, out)
  }

  wake(now: number, out: FaultOutput): void {
    this.#release(now, out)
  }

  #release(now: number, out: FaultOutput): void {
    for (let first = this.#late[0]; first !== undefined; first = this.#late[0]) {
      if (first.overtakersLeft > 0 && first.until > now) break
      this.#late.shift()
      out.pass(first, 0)
      this.#spare.push(first)
    }
    this.deadline = this.#late[0]?.until ?? Infinity
  }
}

class Late extends HeldFrame {
  overtakersLeft = 0
  until = 0
}
