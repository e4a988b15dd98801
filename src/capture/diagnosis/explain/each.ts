/** Whether a client acknowledges each block of the windows that it negotiated, as RFC 7440 allows. */
import type { CapturedTransfer } from '../../contract.ts'
import { offeredBy } from '../view/reader.ts'

const LEAST_SHARE = 0.05

/**
 * ACK n+1 right behind ACK n, and its block had left before ACK n came: a client that acknowledges windows says n only at the end of one, or because
 * n+1 is missing, and then a later copy brings n+1. `leastMs`: no answer to a copy comes sooner.
 */
export function acknowledgesEach(
  { packets, agreed, blocks }: CapturedTransfer,
  list: Uint32Array,
  leastMs: number,
): boolean {
  if (agreed.windowsize === 1) return false
  let acked = 0
  let ackedMs = 0
  let acks = 0
  let inside = 0
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
    if (isNext && isSent && (againMs === -Infinity || ms - againMs < leastMs)) inside++
    if (said <= acked) continue
    acked = said
    ackedMs = ms
    isSent = highest > said
    againMs = -Infinity
  }
  return inside > 0 && inside >= LEAST_SHARE * acks
}
