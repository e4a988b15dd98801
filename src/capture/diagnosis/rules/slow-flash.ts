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
    if (late.length < 2) return undefined
    const pauseMs = median(late.map(({ fromMs, toMs }) => toMs - fromMs)) ?? 0
    const every = median(late.slice(1).map(({ seq }, i) => seq - late[i].seq)) ?? 0
    return {
      confidence: (late.length / view.tally.total) * certainty(late.length),
      evidence: [
        shown(
          view,
          `${late.length} pauses of about ${Math.round(pauseMs)} ms, ${every} blocks apart, each ended by the ACK that was due`,
          packetsOf(late),
        ),
      ],
    }
  },
}
