import { type Frame, HeldFrame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'
import type { Rng } from '../rng.ts'

export interface RxHoldOptions {
  /** Share of frames that wait. Default 3.7 %. */
  readonly p?: number
}

const DEFAULT_P = 0.037

/** The receive interrupt is missed: a frame is seen only when the next one arrives. That one may be missed in turn. */
export function rxHold(options: RxHoldOptions, rng: Rng): Fault {
  const p = options.p ?? DEFAULT_P
  return hold('rx-hold', () => rng.chance(p))
}

/** The same for each frame: the device is always one frame behind. */
export function rxOneBehind(): Fault {
  return hold('rx-one-behind', () => true)
}

function hold(type: 'rx-hold' | 'rx-one-behind', missed: () => boolean): Fault {
  // Two, as the frame that is let go must stay readable while the new one is kept.
  let waiting = new HeldFrame()
  let spare = new HeldFrame()
  return {
    type,
    side: 'arriving',
    apply(_now: number, frame: Frame, out: FaultOutput): void {
      const leaving = waiting
      const keep = missed()
      if (keep) {
        spare.hold(frame)
        waiting = spare
        spare = leaving
      }
      if (leaving.held) {
        leaving.release()
        out.pass(leaving, 0)
      }
      if (!keep) out.pass(frame, 0)
    },
  }
}
