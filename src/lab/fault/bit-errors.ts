import { type Frame, wireBytes } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'
import type { Rng } from '../rng.ts'

export interface BitErrorsOptions {
  /** Probability that one byte on the wire is damaged. Default 5.8e-5, which is 3.3 % of 578-byte frames. */
  readonly perByte?: number
}

const DEFAULT_PER_BYTE = 5.8e-5

/** Noise on the wire. A damaged frame fails its checksum and is dropped, so long frames are lost more often. */
export function bitErrors(options: BitErrorsOptions, rng: Rng): Fault {
  const intact = 1 - (options.perByte ?? DEFAULT_PER_BYTE)
  return {
    type: 'bit-errors',
    side: 'sending',
    apply(_now: number, frame: Frame, out: FaultOutput): void {
      if (rng.float() < intact ** wireBytes(frame.length)) out.pass(frame, 0)
    },
  }
}
