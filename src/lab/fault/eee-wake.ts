import type { Frame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'
import type { Rng } from '../rng.ts'

export interface EeeWakeOptions {
  /** The link falls asleep after this long without a frame. Default 5. */
  readonly idleMs?: number
  /** Probability that the frame that wakes it is lost. Default 0.5. */
  readonly p?: number
}

/** Energy Efficient Ethernet that wakes too slowly: the first frame after an idle gap is lost. */
export function eeeWake(options: EeeWakeOptions, rng: Rng): Fault {
  const idleMs = options.idleMs ?? 5
  const p = options.p ?? 0.5
  let lastAt = -Infinity
  return {
    type: 'eee-wake',
    side: 'sending',
    apply(now: number, frame: Frame, out: FaultOutput): void {
      const asleep = now - lastAt >= idleMs
      lastAt = now
      if (!asleep || !rng.chance(p)) out.pass(frame, 0)
    },
  }
}
