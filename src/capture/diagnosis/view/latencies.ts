/** How long the client takes to answer, from blocks that were sent once (Karn's rule). */
import type { CapturedPackets } from '../../contract.ts'
import { median } from './median.ts'

export interface Latencies {
  /** Undefined when no block was answered. */
  readonly medianMs: number | undefined
  readonly samples: number
  /** The most blocks above the highest acknowledged one that had left at any time. */
  readonly windowBlocks: number
}

export function latenciesOf(packets: CapturedPackets, list: Uint32Array): Latencies {
  /** When each unanswered block left; NaN once it was repeated. */
  const leftAt = new Map<number, number>()
  const samples: number[] = []
  /** Where every block is repeated, the time since the last repeat has to do. */
  const sinceRepeat: number[] = []
  const lastLeftAt = new Map<number, number>()
  let acked = 0
  let windowBlocks = 0
  /** ACKs were left out. */
  let isBlind = false
  for (const i of list) {
    const kind = packets.kind(i)
    const seq = packets.seq(i)
    if (packets.thinnedBefore(i) > 0) {
      leftAt.clear()
      isBlind = true
    }
    if (kind === 'data') {
      lastLeftAt.set(seq, packets.timeMs(i))
      leftAt.set(seq, leftAt.has(seq) || seq <= acked ? Number.NaN : packets.timeMs(i))
      if (!isBlind) windowBlocks = Math.max(windowBlocks, seq - acked)
    } else if (kind === 'ack') {
      isBlind = false
      // What lies below in a window was answered by an earlier ACK, or lost: it gives no sample.
      const left = seq > acked ? leftAt.get(seq) : undefined
      if (left !== undefined && !Number.isNaN(left)) samples.push(packets.timeMs(i) - left)
      const last = lastLeftAt.get(seq)
      if (last !== undefined) sinceRepeat.push(packets.timeMs(i) - last)
      lastLeftAt.delete(seq)
      acked = Math.max(acked, seq)
    }
  }
  return { medianMs: median(samples) ?? median(sinceRepeat), samples: samples.length, windowBlocks }
}
