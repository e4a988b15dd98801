/** What the rules look at: the transfer, and what is counted of it once for all of them. */
import type { CapturedPackets, CapturedTransfer } from '../../contract.ts'
import { stallMs } from '../stall.ts'
import { type Evidence, MAX_EVIDENCE_PACKETS } from '../contract.ts'
import { type Episode, episodesOf } from './episodes.ts'
import { type ClientTimer, clientTimerOf } from './client-timer.ts'
import type { Incident } from './incident.ts'
import { incidentsOf } from './incidents.ts'
import { type Latencies, latenciesOf } from './latencies.ts'
import { lateByTimer } from './own-timer.ts'
import { outsidePauses, type Pauses, pausesOf } from './pauses.ts'
import { type Tally, tallyOf } from './tally.ts'
import { countingPackets, frameNumbers, withoutCopies } from './timeline.ts'

export interface View {
  readonly transfer: CapturedTransfer
  readonly packets: CapturedPackets
  /** Indices of the packets that count. */
  readonly all: Uint32Array
  /** The same without the repeats that the server makes by habit. */
  readonly list: Uint32Array
  readonly latencies: Latencies
  readonly timer: ClientTimer
  readonly episodes: readonly Episode[]
  readonly pauses: Pauses
  /** Those that no pause explains. */
  readonly incidents: readonly Incident[]
  readonly tally: Tally
}

export function viewOf(transfer: CapturedTransfer): View {
  const all = countingPackets(transfer)
  const { packets } = transfer
  const latencies = latenciesOf(packets, all)
  const list = withoutCopies(transfer, all, latencies.medianMs ?? 0)
  const timer = clientTimerOf(transfer, list, latencies.medianMs)
  const episodes = episodesOf(packets, list)
  const pauses = pausesOf(packets, list, stallMs(latencies.medianMs), latencies.windowBlocks, timer)
  const found = outsidePauses(incidentsOf(transfer, list, latencies, timer, episodes), pauses)
  const incidents = lateByTimer(found, pauses)
  return { transfer, packets, all, list, latencies, timer, episodes, pauses, incidents, tally: tallyOf(incidents) }
}

/** Evidence with the frames of these packets. */
export function shown(view: View, text: string, indices: Iterable<number>): Evidence {
  return { text, packets: frameNumbers(view.packets, indices, MAX_EVIDENCE_PACKETS) }
}
