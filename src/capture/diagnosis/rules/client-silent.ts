import type { CapturedTransfer } from '../../contract.ts'
import type { Rule } from '../rule.ts'
import { unansweredAcks } from '../upload/unanswered.ts'
import { shown, type View } from '../view/view.ts'

const LEAST_SENDS = 3

/** Packets of DATA behind the last word of a device that had begun to take blocks. */
export function unansweredSends({ episodes, packets, list, transfer }: View): readonly number[] {
  const last = episodes.at(-1)
  if (last === undefined || last.closed || !isAbandoned(transfer) || transfer.blocks.highestAcknowledged === 0)
    return []
  const inside = [...list.subarray(last.from, last.to + 1)]
  return inside.some((i) => packets.fromClient(i)) ? [] : inside.filter((i) => packets.kind(i) === 'data')
}

/** Both fell silent, or the server gave up. */
function isAbandoned({ outcome }: CapturedTransfer): boolean {
  return outcome.type === 'silent' || (outcome.type === 'error' && outcome.from === 'server' && outcome.wireCode === 0)
}

export const clientSilent: Rule = {
  id: 'client-silent',
  title: 'the device said nothing more from one moment on',
  advice:
    'Look at its console: it may have crashed, restarted, lost its link or been switched off. When it starts again by itself, its next request is a new transfer in this capture.',
  isConsequence: true,
  find(view) {
    const isUpload = view.transfer.direction === 'write'
    const sends = !isUpload ? unansweredSends(view) : isAbandoned(view.transfer) ? unansweredAcks(view) : []
    if (sends.length < LEAST_SENDS) return undefined
    const what = isUpload ? `${sends.length} times the same ACK` : `${sends.length} packets of DATA`
    return { confidence: 0.6, evidence: [shown(view, `${what}, and no answer of any kind`, sends)] }
  },
}
