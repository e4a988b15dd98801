/** How long each side takes to answer the other, stalls left out. */
import { type CapturedPackets, PACKET_FLAG } from '../contract.ts'
import { stallMs } from '../diagnosis/stall.ts'
import { median } from '../diagnosis/view/median.ts'

export interface Pace {
  /** From DATA to the packet of the client that follows it, and from that to the next DATA. Undefined without any. */
  readonly clientMs: number | undefined
  readonly serverMs: number | undefined
}

/** Means, as they add up to the time of a transfer; a median hides a machine that is slow now and then. */
export function paceOf(packets: CapturedPackets): Pace {
  const client: number[] = []
  const server: number[] = []
  for (let i = 1; i < packets.length; i++) {
    if (packets.thinnedBefore(i) > 0 || packets.fromClient(i) === packets.fromClient(i - 1)) continue
    const kinds = [packets.kind(i - 1), packets.kind(i)]
    const isRepeat = ((packets.flags(i - 1) | packets.flags(i)) & PACKET_FLAG.repeat) !== 0
    if (isRepeat || !kinds.includes('data') || !kinds.includes('ack')) continue
    const gapMs = packets.timeMs(i) - packets.timeMs(i - 1)
    if (gapMs >= 0) (packets.fromClient(i) ? client : server).push(gapMs)
  }
  return { clientMs: meanOf(client), serverMs: meanOf(server) }
}

/** Pauses of a busy machine count: they are part of its time. */
function meanOf(gaps: readonly number[]): number | undefined {
  const most = stallMs(median(gaps))
  const answers = gaps.filter((ms) => ms < most)
  return answers.length === 0 ? undefined : answers.reduce((sum, ms) => sum + ms, 0) / answers.length
}
