/** ACKs come in another order than their blocks left, and nothing is lost. */
import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'
import { blocksText, certainty, packetsOf } from './certainty.ts'

const LEAST = 2

export const reorder: Rule = {
  id: 'reorder',
  title: 'packets overtake each other on the way',
  advice:
    'Serve it in lock-step (`--window 1`), where no packet can overtake another. Look for two paths that share the traffic: a bond, a wireless link, a router that balances loads.',
  find(view) {
    const { tally } = view
    const swapped = tally.of.swapped
    if (swapped.length < LEAST) return undefined
    return {
      confidence: (swapped.length / tally.total) ** 0.5 * certainty(swapped.length),
      evidence: [
        shown(view, `${blocksText(swapped)}: acknowledged behind a later block, without a repeat`, packetsOf(swapped)),
      ],
    }
  },
}
