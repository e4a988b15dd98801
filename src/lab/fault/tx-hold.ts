import { type Frame, HeldFrame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'
import type { Rng } from '../rng.ts'
import { isAck } from './is-ack.ts'

export interface TxHoldOptions {
  /** Share of ACKs that stay in the transmit ring. Default 3.7 %. */
  readonly p?: number
}

const DEFAULT_P = 0.037

/** The doorbell of the transmit ring is missed: an ACK leaves only when the device sends its next frame. */
export function txHold(options: TxHoldOptions, rng: Rng): Fault {
  return hold('tx-hold', options, rng)
}

/** The same with one transmit buffer for all: what leaves late is a copy of the frame that pushed it out. */
export function txHoldAlias(options: TxHoldOptions, rng: Rng): Fault {
  return hold('tx-hold-alias', options, rng)
}

function hold(type: 'tx-hold' | 'tx-hold-alias', options: TxHoldOptions, rng: Rng): Fault {
  const p = options.p ?? DEFAULT_P
  const waiting = new HeldFrame()
  return {
    type,
    side: 'sending',
    apply(_now: number, frame: Frame, out: FaultOutput): void {
      if (waiting.held) {
        waiting.release()
        out.pass(type === 'tx-hold' ? waiting : frame, 0)
        out.pass(frame, 0)
      } else if (isAck(frame) && rng.chance(p)) waiting.hold(frame)
      else out.pass(frame, 0)
    },
  }
}
