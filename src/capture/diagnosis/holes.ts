/**
 * Blocks that the device may lack although the server sent its last block and stopped. A client without a negotiated window may store blocks in any
 * order and acknowledge each by itself: then ACK n says nothing of block n-1.
 */
import type { CapturedTransfer } from '../contract.ts'
import type { PossibleHoles } from './contract.ts'

/** Windows of one and two keep their numbers in the server that mislabels blocks. */
const LEAST_MISLABELLED_WINDOW = 3

const NONE: PossibleHoles = { count: 0, ranges: [], because: '' }

export function holesOf(transfer: CapturedTransfer): PossibleHoles {
  const { source, agreed, blocks, outcome, direction } = transfer
  // Our own machine knows of each block that it is confirmed, and never gives one another's number.
  if (source === 'trace') return NONE
  if (direction !== 'read' || (outcome.type !== 'complete' && outcome.type !== 'last-ack-missing')) return NONE
  const missing = blocks.neverAcknowledged
  const from = agreed.windowsize >= LEAST_MISLABELLED_WINDOW ? mislabelledFrom(transfer) : undefined
  if (from !== undefined)
    return {
      count: blocks.highest - from + 1,
      ranges: [{ first: from, last: blocks.highest }],
      because:
        'inside one burst the server gave two blocks the same number, so the bytes behind these numbers are not those of the file',
    }
  if (agreed.windowsize > 1 || missing.count === 0) return NONE
  const few = missing.count === 1
  return {
    ...missing,
    because: few
      ? 'it was sent and never acknowledged by itself, and no window was negotiated: a device that takes blocks in any order may lack it'
      : 'they were sent and never acknowledged one by one, and no window was negotiated: a device that takes blocks in any order may lack them',
  }
}

/**
 * The lowest number of the first burst in which numbers go back. A retransmission begins a burst: it never follows a higher block at once, but
 * a server that gives new blocks old numbers does that.
 */
function mislabelledFrom({ packets }: CapturedTransfer): number | undefined {
  let lowest = Infinity
  let last = -1
  let lastMs = -Infinity
  for (let i = 0; i < packets.length; i++) {
    const isData = !packets.fromClient(i) && packets.kind(i) === 'data'
    const ms = packets.timeMs(i)
    if (!isData || packets.thinnedBefore(i) > 0 || ms - lastMs > SAME_BURST_MS) {
      lowest = Infinity
      last = -1
    }
    if (!isData) continue
    const seq = packets.seq(i)
    lowest = Math.min(lowest, seq)
    if (seq < last) return lowest
    last = seq
    lastMs = ms
  }
  return undefined
}

const SAME_BURST_MS = 0.2
