import type { Rule } from '../rule.ts'
import { median } from '../view/median.ts'
import { shown } from '../view/view.ts'
import { certainty, packetsOf } from './certainty.ts'

export const slowFlash: Rule = {
  id: 'slow-flash',
  title: 'the device stops now and then, to erase and write its flash',
  advice:
    'Nothing is lost: let it take its time. A server that gives up or repeats in these pauses needs a longer timeout.',
  find(view) {
    const { late } = view.tally.of
    const { pauses, everyBlocks } = view.pauses
    const lengths = (everyBlocks === undefined ? late : pauses).map(({ fromMs, toMs }) => toMs - fromMs)
    const about = `${lengths.length} pauses of about ${Math.round(median(lengths) ?? 0)} ms`
    if (everyBlocks !== undefined)
      return {
        confidence: certainty(pauses.length),
        evidence: [
          shown(
            view,
            `${about}, one every ${everyBlocks} blocks; loss keeps no such rhythm`,
            pauses.map(({ packet }) => packet),
          ),
        ],
      }
    if (late.length < 2) return undefined
    return {
      confidence: (late.length / view.tally.total) * certainty(late.length),
      evidence: [shown(view, `${about}, each ended by the ACK that was due, without a repeat`, packetsOf(late))],
    }
  },
}
