import type { Frame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'
import type { Rng } from '../rng.ts'

export interface LossOptions {
  /** Share of datagrams that are lost in the long run, 0 to below 1. */
  readonly p: number
  /** Datagrams lost in a row, each time. Default 1. */
  readonly burst?: number
  readonly side?: Fault['side']
}

/** Datagrams are lost at random, alone or in bursts. `ack-loss` is this on the way up, `data-loss` on the way down. */
export function loss(options: LossOptions, rng: Rng): Fault {
  const burst = options.burst ?? 1
  // Between two bursts pass on average (1 - start) / start datagrams; that makes `p` the share in the long run.
  const start = options.p / (options.p + burst * (1 - options.p))
  let left = 0
  return {
    type: 'loss',
    side: options.side ?? 'sending',
    apply(_now: number, frame: Frame, out: FaultOutput): void {
      if (left === 0 && rng.chance(start)) left = burst
      if (left > 0) left--
      else out.pass(frame, 0)
    },
  }
}
