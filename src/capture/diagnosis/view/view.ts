/** What the rules look at: the transfer, and what is found out of it once for all of them. */
import type { CapturedPackets, CapturedTransfer } from '../../contract.ts'
import { type Evidence, MAX_EVIDENCE_PACKETS, type PossibleHoles } from '../contract.ts'
import { type Judgement, judge } from '../explain/judge.ts'
import { holesOf } from '../holes.ts'
import { type UploadLosses, uploadLossesOf } from '../upload/losses.ts'
import { windowLossesOf } from '../upload/window-losses.ts'
import { type UploadPauses, uploadPausesOf } from '../upload/pauses.ts'
import { type Episode, episodesOf } from './episodes.ts'
import { isRunning } from './running.ts'
import { type Latencies, latenciesOf } from './latencies.ts'
import { type ServerTurns, serverTurnsOf } from './server-turns.ts'
import { type Skipped, skippedOf } from './skipped.ts'
import { countingPackets, frameNumbers } from './timeline.ts'

export interface View {
  readonly transfer: CapturedTransfer
  readonly packets: CapturedPackets
  /** Indices of the packets that count. */
  readonly list: Uint32Array
  readonly latencies: Latencies
  readonly episodes: readonly Episode[]
  readonly holes: PossibleHoles
  /** How likely each fault is, with its story. */
  readonly judgement: Judgement
  /** What an upload lost; undefined where its packets do not tell. */
  readonly upload: UploadLosses | undefined
  /** Who paused in an upload. */
  readonly pauses: UploadPauses
  /** What the server of a download in lock-step made of the ACKs. */
  readonly turns: ServerTurns
  /** Blocks of a window that were lost in front of a capture that was not taken at the server. */
  readonly skipped: readonly Skipped[]
  /** The capture ends in the middle, and nothing was overdue. */
  readonly isRunning: boolean
  /** Indices of the packets that the client sent of its own accord, as the likeliest story has it. */
  readonly ownAccord: readonly number[]
}

export function viewOf(transfer: CapturedTransfer): View {
  const list = countingPackets(transfer)
  const { packets } = transfer
  const latencies = latenciesOf(packets, list)
  const episodes = episodesOf(packets, list)
  const holes = holesOf(transfer, list)
  const running = isRunning(transfer, list, latencies.medianMs)
  const judgement = judge(transfer, beforeRefused(transfer, list), latencies.windowBlocks, running)
  const best = judgement.judged[0]?.story
  const ownAccord =
    best === undefined ? [] : best.events.filter(({ kind }) => kind === 'timer').map(({ at }) => best.script.packet[at])
  const upload = uploadLossesOf(transfer, list) ?? windowLossesOf(transfer, list)
  const turns = serverTurnsOf(transfer, list, latencies.windowBlocks)
  const pauses = uploadPausesOf(transfer, list, upload)
  const skipped = skippedOf(transfer, list)
  return {
    transfer,
    packets,
    list,
    latencies,
    episodes,
    holes,
    judgement,
    upload,
    pauses,
    turns,
    skipped,
    isRunning: running,
    ownAccord,
  }
}

/** Without what the device refused: it answered by ICMP that nothing takes the packets there any more. Nothing is lost then. */
function beforeRefused({ sideEvents, client, packets }: CapturedTransfer, list: Uint32Array): Uint32Array {
  const refused = sideEvents.find(
    (event) => event.type === 'icmp' && event.meaning === 'port-unreachable' && event.from === client.address,
  )
  if (refused === undefined) return list
  const end = list.findIndex((i) => packets.number(i) > refused.number)
  const before = end < 0 ? list : list.subarray(0, end)
  // The one that the message is about.
  const heard = before.findLastIndex((i) => packets.fromClient(i))
  return before.subarray(0, heard + 1)
}

/** Evidence with the frames of these packets. */
export function shown(view: View, text: string, indices: Iterable<number>): Evidence {
  return { text, packets: frameNumbers(view.packets, indices, MAX_EVIDENCE_PACKETS) }
}
