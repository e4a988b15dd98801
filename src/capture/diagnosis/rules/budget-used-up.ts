import { LIVES } from '../contract.ts'
import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'

export const budgetUsedUp: Rule = {
  id: 'budget-used-up',
  title: 'the device has spent its ten timeouts and given up',
  advice:
    'U-Boot 1.1.x counts timeouts over the whole transfer and ends at the eleventh. A server must repair losses before the timer of the device does: Foresend does it in milliseconds.',
  isConsequence: true,
  find(view) {
    const { transfer, ownAccord } = view
    const used = ownAccord.length
    if (transfer.outcome.type !== 'silent' && transfer.outcome.type !== 'last-ack-missing') return undefined
    if (used < LIVES - 3 || used > LIVES + 1) return undefined
    return {
      confidence: used >= LIVES ? 0.9 : 0.5,
      evidence: [shown(view, `${used} packets by the timer of the device arrived, and then it was silent`, ownAccord)],
    }
  },
}
