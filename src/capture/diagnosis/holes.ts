/**
 * Blocks that the device may lack although the server sent its last block and stopped. A client without a negotiated window may store blocks in any
 * order and acknowledge each by itself: then ACK n says nothing of block n-1.
 */
import type { CapturedTransfer } from '../contract.ts'
import type { PossibleHoles } from './contract.ts'

const NONE: PossibleHoles = { count: 0, ranges: [], because: '' }

export function holesOf(transfer: CapturedTransfer): PossibleHoles {
  const { agreed, blocks, outcome, direction } = transfer
  if (direction !== 'read' || (outcome.type !== 'complete' && outcome.type !== 'last-ack-missing')) return NONE
  const missing = blocks.neverAcknowledged
  if (agreed.windowsize > 1 || missing.count === 0) return NONE
  const few = missing.count === 1
  return {
    ...missing,
    because: few
      ? 'it was sent and never acknowledged by itself, and no window was negotiated: a device that takes blocks in any order may lack it'
      : 'they were sent and never acknowledged one by one, and no window was negotiated: a device that takes blocks in any order may lack them',
  }
}
