import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'
import { blocksText, certainty, packetsOf } from './certainty.ts'
import { isOneBehind } from './rx-one-behind.ts'

export const ackStale: Rule = {
  id: 'ack-stale',
  title: 'the device now and then sends the ACK before once more in place of the one that is due',
  advice:
    'Its transmit buffer is sent before the new bytes are in memory. Serve it with Foresend and `--window 2`: the ACK of the next block makes up for it.',
  find(view) {
    const { stale } = view.tally.of
    if (stale.length === 0 || isOneBehind(view)) return undefined
    return {
      confidence: (stale.length / view.tally.total) * certainty(stale.length),
      evidence: [
        shown(
          view,
          `${blocksText(stale)}: the ACK of the block before came, as quickly as an answer`,
          packetsOf(stale),
        ),
      ],
      tellApart: undefined,
    }
  },
}
