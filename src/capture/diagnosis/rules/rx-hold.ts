/** A frame that the device sees only when the next one arrives. */
import type { Evidence } from '../contract.ts'
import type { Rule } from '../rule.ts'
import { shown, type View } from '../view/view.ts'
import { blocksText, certainty, packetsOf } from './certainty.ts'
import { HOLDS_APART, heldShares } from './hold.ts'

/** Loss by chance hits a block before the last one as often. */
const NEARLY_ALL = 0.9
const LEAST = 3
/** Loss explains a lone block as well, and is more common. */
const AS_WELL = 0.35

export const rxHold: Rule = {
  id: 'rx-hold',
  title: 'a frame now and then waits in the device until the next one arrives',
  advice: 'Send every packet twice (`--copies 2 --gap 1`), or some blocks ahead: the next frame pushes it through.',
  find(view) {
    const { tally } = view
    if (tally.total === 0) return undefined
    const evidence: Evidence[] = []
    let share = 0
    const { data, doubtful } = heldShares(view)
    if (data > 0) {
      const held = [...tally.of['held-data'], ...doubtful]
      share += (data / tally.total) * certainty(held.length)
      evidence.push(
        shown(
          view,
          `${blocksText(held)}: the repeat was answered twice at once, once for the frame that waited`,
          packetsOf(held),
        ),
      )
    }
    const isWindow = view.transfer.agreed.windowsize > 1
    const lost = data > 0 ? [] : [...tally.of.data, ...(isWindow ? [] : tally.answered)]
    if (lost.length > 0 && lost.filter(({ isLast, isGap }) => isLast && !isGap).length >= NEARLY_ALL * lost.length) {
      const inWindows = view.latencies.windowBlocks >= LEAST && lost.length >= LEAST
      const busy = lost.filter(({ packets }) => isBusyBehind(view, packets)).length
      const isSure = inWindows || (busy >= NEARLY_ALL * lost.length && lost.length >= LEAST)
      share += (lost.length / tally.total) * certainty(lost.length) * (isSure ? 1 : AS_WELL)
      const why = inWindows
        ? ', and never one with another behind it'
        : isSure
          ? ', and the device was busy with a repeat afterwards'
          : ''
      evidence.push(shown(view, `${blocksText(lost)}: arrived only when the next frame did${why}`, packetsOf(lost)))
    }
    if (evidence.length === 0) return undefined
    return { confidence: Math.min(share, MOST), evidence, tellApart: HOLDS_APART }
  },
}

const MOST = 0.98

/** The block behind was answered late, as by a device that prints a line for a repeat: two frames came through. */
function isBusyBehind({ packets, list, latencies }: View, shownPackets: readonly number[]): boolean {
  const last = Math.max(...shownPackets)
  const from = list.indexOf(last)
  const medianMs = latencies.medianMs ?? 0
  for (let at = from + 1; at < list.length && at < from + FEW; at++) {
    const i = list[at]
    if (packets.kind(i) !== 'ack' || packets.seq(i) <= packets.seq(last)) continue
    const sentMs = packets.timeMs(list[at - 1])
    return packets.timeMs(i) - sentMs > BUSY_MEDIANS * medianMs && packets.timeMs(i) - sentMs < LONGEST_BUSY_MS
  }
  return false
}

const FEW = 6
const BUSY_MEDIANS = 2
const LONGEST_BUSY_MS = 50
