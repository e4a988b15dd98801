/** Finds what went wrong in each episode. Only reads (DATA from the server) of a capture at the server are looked at here. */
import type { CapturedTransfer } from '../../contract.ts'
import { stallMs } from '../stall.ts'
import { ANSWER_MEDIANS, type ClientTimer } from './client-timer.ts'
import type { Episode } from './episodes.ts'
import type { Incident } from './incident.ts'
import { readAnticipated } from './incidents-anticipated.ts'
import { readSingle } from './incidents-single.ts'
import { readWindow } from './incidents-window.ts'
import type { Latencies } from './latencies.ts'
import type { Reader } from './reader.ts'

export function incidentsOf(
  transfer: CapturedTransfer,
  list: Uint32Array,
  latencies: Latencies,
  timer: ClientTimer,
  episodes: readonly Episode[],
): Incident[] {
  const medianMs = latencies.medianMs ?? 0
  const reader: Reader = {
    transfer,
    packets: transfer.packets,
    list,
    medianMs,
    answerMs: ANSWER_MEDIANS * medianMs,
    stallMs: stallMs(latencies.medianMs),
    timer,
  }
  if (transfer.direction !== 'read') return []
  return episodes.flatMap((episode) => {
    if (episode.thinned) return []
    if (transfer.agreed.windowsize > 1 && episode.sentAfter > 0) return readWindow(reader, episode)
    const out = episode.sentAfter - Math.max(0, episode.ackedBefore)
    const isPassedBy = out <= 0 && latencies.windowBlocks > 1
    return isPassedBy || out > 1 || episode.sentBefore - Math.max(0, episode.ackedBefore) > 1
      ? readAnticipated(reader, episode)
      : readSingle(reader, episode)
  })
}
