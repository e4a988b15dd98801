import type { Frame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'
import type { Rng } from '../rng.ts'

export interface DuplicateOptions {
  /** Share of datagrams that arrive twice. */
  readonly p: number
  /** How much later the second one is. Default 0: right behind. */
  readonly laterMs?: number
}

/** The network delivers some datagrams twice. */
export function duplicate(options: DuplicateOptions, rng: Rng): Fault {
  return {
    type: 'duplicate',
    side: 'sending',
    apply(_now: number, frame: Frame, out: FaultOutput): void {
      out.pass(frame, 0)
      if (rng.chance(options.p)) out.pass(frame, options.laterMs ?? 0)
    },
  }
}
