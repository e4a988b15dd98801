/**
 * When each packet of the server comes out of a slow link. Packets that leave together wait for each other there, so that the answer to the last one
 * takes many times as long as the answer to the first.
 */
import type { CapturedTransfer } from '../../contract.ts'
import { offeredBy } from '../view/reader.ts'

/** A window takes this many times as long as a short packet, or the link is not slow. */
const SLOW_TIMES = 2

/** When the packets of the store leave the link, by index; undefined where packets do not wait for each other. */
export function throughQueue(transfer: CapturedTransfer, list: Uint32Array): Float64Array | undefined {
  const { packets, agreed } = transfer
  const blockMs = blockMsOf(transfer, list)
  if (blockMs === undefined) return undefined
  const outMs = new Float64Array(packets.length)
  let freeMs = -Infinity
  let waited = false
  for (const i of list) {
    const ms = packets.timeMs(i)
    const seq = offeredBy(packets, i)
    outMs[i] = ms
    if (seq === undefined || seq === 0) continue
    if (packets.thinnedBefore(i) > 0) freeMs = -Infinity
    // The final block may be short.
    freeMs = Math.max(freeMs, ms) + (seq === transfer.blocks.final ? 0 : blockMs)
    outMs[i] = freeMs
    waited ||= freeMs - ms > agreed.windowsize * blockMs
  }
  return waited ? outMs : undefined
}

/** What each block takes beyond the time of a short packet. Undefined without a negotiated window: in lock-step nothing waits. */
function blockMsOf({ packets, agreed }: CapturedTransfer, list: Uint32Array): number | undefined {
  if (agreed.windowsize === 1) return undefined
  let shortMs: number | undefined
  let blockMs = Infinity
  let acked = 0
  let oackMs: number | undefined
  const leftAt = new Map<number, number>()
  for (const i of list) {
    const ms = packets.timeMs(i)
    const offered = offeredBy(packets, i)
    if (offered === 0) oackMs = ms
    else if (offered !== undefined && !leftAt.has(offered)) leftAt.set(offered, ms)
    if (packets.kind(i) !== 'ack') continue
    const seq = packets.seq(i)
    if (seq === 0 && oackMs !== undefined) shortMs ??= ms - oackMs
    if (seq <= acked) continue
    const left = leftAt.get(acked + 1)
    // A whole window came since its first block left. Where none ever does, a receive ring may be full.
    if (shortMs !== undefined && left !== undefined && seq >= acked + agreed.windowsize)
      blockMs = Math.min(blockMs, (ms - left - shortMs) / (seq - acked))
    acked = seq
  }
  return shortMs === undefined || blockMs === Infinity || blockMs * agreed.windowsize < SLOW_TIMES * shortMs
    ? undefined
    : blockMs
}
