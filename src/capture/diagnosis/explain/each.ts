/** Whether a client acknowledges each block of the windows that it negotiated, as RFC 7440 allows. */
import type { CapturedTransfer } from '../../contract.ts'
import { offeredBy } from '../view/reader.ts'

const LEAST_SHARE = 0.05
/** No fault makes this many such ACKs in a row. Later ones wait in a queue behind copies, and show nothing. */
const LEAST_ROW = 4

/**
 * ACK n+1 right behind ACK n, and its block had left before ACK n came: a client that acknowledges windows says n only at the end of one, or because
 * n+1 is missing, and then a later copy brings n+1.
 */
export function acknowledgesEach(transfer: CapturedTransfer, list: Uint32Array): boolean {
  const { packets, agreed, blocks } = transfer
  if (agreed.windowsize === 1) return false
  // No answer to a copy comes sooner.
  const leastMs = ALIKE * soonestMs(transfer, list)
  let acked = 0
  let ackedMs = 0
  let acks = 0
  let inside = 0
  /** ACKs of that kind, one behind the other. */
  let row = 0
  let longest = 0
  /** The block behind the last ACK left before it, and when it left once more. */
  let isSent = false
  let againMs = -Infinity
  let highest = 0
  for (const i of list) {
    const ms = packets.timeMs(i)
    const seq = offeredBy(packets, i)
    if (seq !== undefined) {
      highest = Math.max(highest, seq)
      if (seq === acked + 1) againMs = ms
      continue
    }
    if (packets.kind(i) !== 'ack') continue
    const said = packets.seq(i)
    acks++
    const isNext = said === acked + 1 && said !== blocks.final && ackedMs > 0
    if (isNext && isSent && (againMs === -Infinity || ms - againMs < leastMs)) {
      inside++
      row++
      longest = Math.max(longest, row)
    } else row = 0
    if (said <= acked) continue
    acked = said
    ackedMs = ms
    isSent = highest > said
    againMs = -Infinity
  }
  return longest >= LEAST_ROW || (inside > 0 && inside >= LEAST_SHARE * acks)
}

/** Between a block and its ACK; of answers that jitter the soonest comes seldom. */
const ALIKE = 0.95

/** The soonest that a block was acknowledged behind its first copy. */
function soonestMs({ packets }: CapturedTransfer, list: Uint32Array): number {
  let soonest = Infinity
  let acked = 0
  const leftAt = new Map<number, number>()
  for (const i of list) {
    const ms = packets.timeMs(i)
    const seq = packets.seq(i)
    if (packets.thinnedBefore(i) > 0) leftAt.clear()
    if (!packets.fromClient(i)) {
      if (packets.kind(i) === 'data' && !leftAt.has(seq)) leftAt.set(seq, ms)
    } else if (packets.kind(i) === 'ack' && seq > acked) {
      const left = leftAt.get(seq)
      if (left !== undefined) soonest = Math.min(soonest, ms - left)
      acked = seq
    }
  }
  return soonest
}
