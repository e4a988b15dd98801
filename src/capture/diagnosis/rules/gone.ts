/** What the rules share that look at a device which says nothing more. */
import type { CapturedTransfer } from '../../contract.ts'
import type { View } from '../view/view.ts'

/** A device that is gone is as likely as one that nothing reaches. */
export const LEVEL_WITH_GONE = 0.5

/** Packets of DATA behind the last word of a device that had begun to take blocks. */
export function unansweredSends({ episodes, packets, list, transfer }: View): readonly number[] {
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
