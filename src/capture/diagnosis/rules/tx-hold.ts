import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'
import { blocksText, certainty, packetsOf } from './certainty.ts'
import { HOLDS_APART, heldShares } from './hold.ts'

export const txHold: Rule = {
  id: 'tx-hold',
  title: 'an acknowledgement stays in the device until it sends another packet',
  advice:
    'Serve it with Foresend and `--window 2`: each ACK then pushes out the one before. The doorbell of its transmit ring is missed now and then.',
  find(view) {
    const { ack, data, doubtful } = heldShares(view)
    if (ack === 0) return undefined
    const held = [...view.tally.of['held-ack'], ...doubtful]
    return {
      confidence: (ack / view.tally.total) * certainty(held.length),
      evidence: [
        shown(
          view,
          `${blocksText(held)}: the ACK came with another packet, when the device spoke again`,
          packetsOf(held),
        ),
      ],
      tellApart: data > 0 ? HOLDS_APART : undefined,
    }
  },
}
