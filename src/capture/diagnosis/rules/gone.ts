/** What the rules share that look at a device which says nothing more. */
import type { CapturedTransfer } from '../../contract.ts'
import type { View } from '../view/view.ts'

/** A device that is gone is as likely as one that nothing reaches. */
export const LEVEL_WITH_GONE = 0.5

/** Where lost packets make the same capture, about as often, a device that is gone is no likelier than each of them. */
export function weightOfGone({ judgement }: View): number {
  const level = judgement.judged.filter(({ isLevel }) => isLevel)
  const isLossLevel = level.some(({ hypothesis }) => hypothesis !== 'none' && hypothesis !== 'outage')
  const gone = level.find(({ hypothesis }) => hypothesis === 'none') ?? level[0]
  return isLossLevel ? Math.min(LEVEL_WITH_GONE, gone.weight) : LEVEL_WITH_GONE
}

/** Packets of DATA behind the last word of a device that had begun to take blocks. */
export function unansweredSends({ episodes, packets, list, transfer, isRunning }: View): readonly number[] {
  if (isRunning) return []
  const last = episodes.at(-1)
  if (last === undefined || last.closed || !isAbandoned(transfer) || transfer.blocks.highestAcknowledged === 0)
    return []
  const inside = [...list.subarray(last.from, last.to + 1)]
  return inside.some((i) => packets.fromClient(i)) ? [] : inside.filter((i) => packets.kind(i) === 'data')
}

/** Both fell silent, or the server gave up. */
export function isAbandoned({ outcome }: CapturedTransfer): boolean {
  return outcome.type === 'silent' || (outcome.type === 'error' && outcome.from === 'server' && outcome.wireCode === 0)
}
