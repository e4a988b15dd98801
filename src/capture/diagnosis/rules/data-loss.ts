import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'
import { blocksText, certainty, packetsOf } from './certainty.ts'
import { lossShares, TELL_LOSSES_APART } from './loss.ts'

export const dataLoss: Rule = {
  id: 'data-loss',
  title: 'DATA is lost on its way to the device',
  advice:
    'Do not send several blocks ahead to this device unless each is acknowledged by itself. Try another cable or port, 100 Mbit/s in place of 1000, and no flow control; look at the drop counters of every switch on the way.',
  find(view) {
    const { tally } = view
    const { ack, data, total } = lossShares(view)
    const sure = [...tally.of.data, ...(tally.ignoresRepeats ? tally.answered : [])]
    const doubtful = tally.ignoresRepeats ? [] : tally.of.either
    if (sure.length + doubtful.length === 0) return undefined
    const evidence = []
    if (sure.length > 0)
      evidence.push(
        shown(view, `the device did not have ${blocksText(sure)} when it spoke the next time`, packetsOf(sure)),
      )
    if (doubtful.length > 0)
      evidence.push(
        shown(
          view,
          `${blocksText(doubtful)}: acknowledged only after a repeat, which both directions of loss explain`,
          packetsOf(doubtful),
        ),
      )
    const share = data / Math.max(1, total)
    return {
      confidence: share * certainty(sure.length + doubtful.length),
      evidence,
      tellApart: ack > 0 && sure.length < data ? TELL_LOSSES_APART : undefined,
    }
  },
}
