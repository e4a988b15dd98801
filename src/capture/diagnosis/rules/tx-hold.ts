import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'
import { blocksText, certainty, packetsOf } from './certainty.ts'

export const txHold: Rule = {
  id: 'tx-hold',
  title: 'an acknowledgement stays in the device until it sends another packet',
  advice:
    'Serve it with Foresend and `--window 2`: each ACK then pushes out the one before. The doorbell of its transmit ring is missed now and then.',
  find(view) {
    const { held } = view.tally.of
    if (held.length === 0) return undefined
    return {
      confidence: (held.length / view.tally.total) * certainty(held.length),
      evidence: [
        shown(view, `${blocksText(held)}: two ACKs came at once, when the device spoke again`, packetsOf(held)),
      ],
      tellApart: HOLDS_APART,
    }
  },
}

export const HOLDS_APART =
  'A frame that waits on the receiving side looks the same where the device acknowledges repeats. Wait for the timer of the device: two identical ACKs then mean the transmit side, an ACK of the block before the receiving side.'
