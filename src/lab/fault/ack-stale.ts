import { type Frame, HeldFrame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'
import type { Rng } from '../rng.ts'
import { isAck } from './is-ack.ts'

export interface AckStaleOptions {
  /** Share of ACKs that leave with the number of the one before. Default 3.7 %. */
  readonly p?: number
}

/** The device sends before its new bytes have reached memory: ACK n-1 leaves in place of ACK n. */
export function ackStale(options: AckStaleOptions, rng: Rng): Fault {
  const p = options.p ?? 0.037
  const previous = new HeldFrame()
  const current = new HeldFrame()
  return {
    type: 'ack-stale',
    side: 'sending',
    apply(_now: number, frame: Frame, out: FaultOutput): void {
      if (!isAck(frame)) return out.pass(frame, 0)
      const stale = previous.held && rng.chance(p)
      current.hold(frame)
      out.pass(stale ? previous : current, 0)
      previous.hold(current)
    },
  }
}
