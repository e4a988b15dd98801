/**
 * Blocks that the device may lack although the server sent its last block and stopped. A client without a negotiated window may store blocks in any
 * order and acknowledge each by itself: then ACK n says nothing of block n-1.
 */
import { type CapturedTransfer, PACKET_FLAG } from '../contract.ts'
import type { PossibleHoles } from './contract.ts'
import { namesItsPlace } from './position.ts'

/** Windows of one and two keep their numbers in the server that mislabels blocks. */
const LEAST_MISLABELLED_WINDOW = 3

const NONE: PossibleHoles = { count: 0, ranges: [], because: '' }

/** `list`: the packets that count. */
export function holesOf(transfer: CapturedTransfer, list: Uint32Array): PossibleHoles {
  const { source, agreed, blocks, outcome, direction } = transfer
  // Our own machine knows of each block that it is confirmed, and never gives one another's number.
  if (source === 'trace') return NONE
  if (direction !== 'read' || (outcome.type !== 'complete' && outcome.type !== 'last-ack-missing')) return NONE
  const missing = blocks.neverAcknowledged
  const from = agreed.windowsize >= LEAST_MISLABELLED_WINDOW ? mislabelledFrom(transfer, list) : undefined
  if (from !== undefined)
    return {
      count: blocks.highest - from + 1,
      ranges: [{ first: from, last: blocks.highest }],
      because:
        'the server gave two blocks the same number, so the bytes behind these numbers are not those of the file',
    }
  if (agreed.windowsize > 1 || missing.count === 0) return NONE
  // Its last ACK says that it has everything.
  if (outcome.type === 'complete' && namesItsPlace(transfer, list)) return NONE
  const few = missing.count === 1
  const window =
    agreed.windowsizeFrom === 'unseen'
      ? 'the capture does not show whether a window was negotiated'
      : 'no window was negotiated'
  return {
    ...missing,
    because: few
      ? `it was never acknowledged by itself, and ${window}: a device that takes blocks in any order may lack it`
      : `they were never acknowledged one by one, and ${window}: a device that takes blocks in any order may lack them`,
  }
}

/** Most blocks have no ACK, and the capture does not show whether any is due: with a window that was negotiated most have none. */
export function isWindowUnknown({ agreed, blocks, direction }: CapturedTransfer): boolean {
  if (direction !== 'read' || agreed.windowsizeFrom !== 'unseen') return false
  return blocks.neverAcknowledged.count > MOST * (blocks.highestAcknowledged - blocks.knownFrom + 1)
}

const MOST = 0.5

/**
 * The lowest number of the first burst with a block that is not what its number says: the number had other bytes before, or, where the capture does
 * not tell its bytes, it goes back. A retransmission has the same bytes, and mostly begins a burst.
 */
function mislabelledFrom({ packets }: CapturedTransfer, list: Uint32Array): number | undefined {
  const sums = new Map<number, number>()
  let lowest = Infinity
  let last = -1
  let lastMs = -Infinity
  for (const i of list) {
    const isData = !packets.fromClient(i) && packets.kind(i) === 'data'
    const ms = packets.timeMs(i)
    if (!isData || packets.thinnedBefore(i) > 0 || ms - lastMs > SAME_BURST_MS) {
      lowest = Infinity
      last = -1
    }
    if (!isData) continue
    const seq = packets.seq(i)
    const sum = packets.payloadSum(i)
    lowest = Math.min(lowest, seq)
    if (sum === 0 ? seq < last && !isSegment(packets, i) : sum !== (sums.get(seq) ?? sum)) return lowest
    if (sum !== 0) sums.set(seq, sum)
    last = seq
    lastMs = ms
  }
  return undefined
}

const SAME_BURST_MS = 0.2

/** It left in one frame with others: a server that mislabels blocks hands them over one by one. */
function isSegment(packets: CapturedTransfer['packets'], i: number): boolean {
  return (packets.flags(i) & PACKET_FLAG.segment) !== 0
}
