/** Loss in both directions that grows with the length of the frame: DATA suffers most, and ACKs a little. */
import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'
import { certainty, packetsOf } from './certainty.ts'
import { lossShares } from './loss.ts'

/** An ACK has about a tenth of the bytes of a block. */
const MOST_ACK_SHARE = 0.35
const LEAST_DATA = 4

export const bitErrors: Rule = {
  id: 'bit-errors',
  title: 'frames are damaged on the wire, long ones more often',
  advice:
    'Replace the cable, clean the contacts, force 10 or 100 Mbit/s; compare the CRC error counters of `ethtool -S` before and after.',
  find(view) {
    const { tally } = view
    const { ack, data, total } = lossShares(view)
    if (
      view.transfer.agreed.windowsize > 1 ||
      data < LEAST_DATA ||
      tally.of.ack.length === 0 ||
      tally.of.data.length === 0
    )
      return undefined
    const share = ack / (ack + data)
    if (share > MOST_ACK_SHARE) return undefined
    return {
      confidence: ((ack + data) / total) * certainty(tally.of.ack.length),
      evidence: [
        shown(
          view,
          `${Math.round(data)} losses of DATA and ${Math.round(ack)} of ACKs: about the proportion of their lengths`,
          packetsOf(tally.of.ack),
        ),
      ],
      tellApart:
        'Serve it with a smaller block size: damage by the byte then hits fewer blocks, loss by the packet as many.',
    }
  },
}
