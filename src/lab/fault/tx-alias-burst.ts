import type { Frame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'
import type { Rng } from '../rng.ts'

export interface TxAliasBurstOptions {
  /** Loss of a frame that leaves alone. Default 1 %. */
  readonly p?: number
  /** A frame this soon after the one before is in a burst. Default 0.08 (80 us). */
  readonly gapMs?: number
  /** Loss of such a frame. Default 30 %. */
  readonly second?: number
}

/** One transmit buffer for all: a frame that is sent before the one before has left is often lost. */
export function txAliasBurst(options: TxAliasBurstOptions, rng: Rng): Fault {
  const alone = options.p ?? 0.01
  const gapMs = options.gapMs ?? 0.08
  const second = options.second ?? 0.3
  let lastAt = -Infinity
  return {
    type: 'tx-alias-burst',
    side: 'sending',
    apply(now: number, frame: Frame, out: FaultOutput): void {
      const p = now - lastAt <= gapMs ? second : alone
      lastAt = now
      if (!rng.chance(p)) out.pass(frame, 0)
    },
  }
}
