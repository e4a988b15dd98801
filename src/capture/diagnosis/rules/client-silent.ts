import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'

const LEAST_SENDS = 3

export const clientSilent: Rule = {
  id: 'client-silent',
  title: 'the device said nothing more from one moment on',
  advice:
    'Look at its console: it may have crashed, restarted, lost its link or been switched off. When it starts again by itself, its next request is a new transfer in this capture.',
  isConsequence: true,
  find(view) {
    const { episodes, packets, list, transfer } = view
    const last = episodes.at(-1)
    if (
      last === undefined ||
      last.closed ||
      transfer.outcome.type !== 'silent' ||
      transfer.blocks.highestAcknowledged === 0
    )
      return undefined
    const inside = [...list.subarray(last.from, last.to + 1)]
    const sends = inside.filter((i) => packets.kind(i) === 'data')
    if (sends.length < LEAST_SENDS || inside.some((i) => packets.fromClient(i))) return undefined
    return {
      confidence: 0.6,
      evidence: [shown(view, `${sends.length} packets of DATA, and no answer of any kind`, sends)],
    }
  },
}
