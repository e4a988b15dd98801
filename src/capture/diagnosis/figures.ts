import type { CapturedTransfer } from '../contract.ts'
import type { DiagnosisFigures } from './contract.ts'
import { stallMs } from './stall.ts'
import type { View } from './view/view.ts'

export function figuresOf(view: View): DiagnosisFigures {
  const { transfer, latencies } = view
  const durationMs = Math.max(0, transfer.endMs)
  const { agreed, blocks } = transfer
  const { stalls, stalledMs } = stallsOf(view)
  return {
    medianAckMs: latencies.medianMs,
    durationMs,
    rateBytesPerSec: durationMs === 0 ? 0 : (blocks.bytes * 1000) / durationMs,
    acknowledgedBlocks: agreed.windowsize > 1 ? coveredBlocks(blocks) : blocks.acknowledged,
    retransmissions: blocks.datagrams - blocks.sent,
    stalls,
    stalledMs,
    clientTimerPackets: view.ownAccord.length,
    clientTimerMs: view.judgement.timerMs,
    windowBlocks: latencies.windowBlocks,
  }
}

function coveredBlocks({ first, highestAcknowledged }: CapturedTransfer['blocks']): number {
  return Math.max(0, highestAcknowledged - Math.max(1, first) + 1)
}

/** Hardly a link takes as long: timers of a second end such waits, and where they end most of them the median tells nothing. */
const TIMER_MS = 900

function stallsOf({ packets, list, episodes, latencies }: View): { stalls: number; stalledMs: number } {
  const leastMs = Math.min(stallMs(latencies.medianMs), TIMER_MS)
  let stalls = 0
  let stalledMs = 0
  for (const { from, to, closed } of episodes) {
    const waitedMs = packets.timeMs(list[to]) - packets.timeMs(list[from])
    if (!closed || waitedMs < leastMs) continue
    stalls++
    stalledMs += waitedMs
  }
  return { stalls, stalledMs }
}
