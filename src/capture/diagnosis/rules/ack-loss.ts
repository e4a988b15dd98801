import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'
import { blocksText, certainty, packetsOf } from './certainty.ts'
import { lossShares, TELL_LOSSES_APART } from './loss.ts'

export const ackLoss: Rule = {
  id: 'ack-loss',
  title: 'acknowledgements of the device are lost on their way to the server',
  advice:
    'Serve it with Foresend, which recovers a lost ACK in milliseconds; a device that ignores repeats needs that. Try another cable, port or a plain 100 Mbit/s switch between: the transmit side of the device is marginal.',
  find(view) {
    const { tally } = view
    const { ack, data, total } = lossShares(view)
    const sure = [...tally.of.ack, ...(tally.ignoresRepeats ? tally.silent : [])]
    const doubtful = tally.ignoresRepeats ? [] : tally.of.either
    if (sure.length + doubtful.length === 0) return undefined
    const evidence = []
    if (sure.length > 0)
      evidence.push(
        shown(
          view,
          `the device has ${blocksText(sure)}, as what it says later proves, and the ACK did not arrive`,
          packetsOf(sure),
        ),
      )
    if (doubtful.length > 0)
      evidence.push(
        shown(
          view,
          `${blocksText(doubtful)}: acknowledged only after a repeat, which both directions of loss explain`,
          packetsOf(doubtful),
        ),
      )
    const share = ack / Math.max(1, total)
    return {
      confidence: share * certainty(sure.length + doubtful.length),
      evidence,
      tellApart: data > 0 && sure.length < ack ? TELL_LOSSES_APART : undefined,
    }
  },
}
