/** What the rules look at: the transfer, and what is counted of it once for all of them. */
import type { CapturedPackets, CapturedTransfer } from '../../contract.ts'
import { type Evidence, MAX_EVIDENCE_PACKETS } from '../contract.ts'
import { type Episode, episodesOf } from './episodes.ts'
import { type Latencies, latenciesOf } from './latencies.ts'
import { countingPackets, frameNumbers } from './timeline.ts'

export interface View {
  readonly transfer: CapturedTransfer
  readonly packets: CapturedPackets
  /** Indices of the packets that count. */
  readonly list: Uint32Array
  readonly latencies: Latencies
  readonly episodes: readonly Episode[]
}

export function viewOf(transfer: CapturedTransfer): View {
  const list = countingPackets(transfer)
  const { packets } = transfer
  return {
    transfer,
    packets,
    list,
    latencies: latenciesOf(packets, list),
    episodes: episodesOf(packets, list),
  }
}

/** Evidence with the frames of these packets. */
export function shown(view: View, text: string, indices: Iterable<number>): Evidence {
  return { text, packets: frameNumbers(view.packets, indices, MAX_EVIDENCE_PACKETS) }
}
