/** Only frames behind an idle gap are lost: the link sleeps and wakes too slowly. */
import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'
import { packetsOf } from './certainty.ts'

const IDLE_MS = 3
const LEAST_LOST = 2
/** Frames without a gap before them, of which none was lost. */
const LEAST_OTHERS = 50

export const eeeWake: Rule = {
  id: 'eee-wake',
  title: 'the first frame after an idle gap is lost: the link wakes too slowly from its sleep',
  advice:
    'Turn Energy Efficient Ethernet off: `ethtool --set-eee INTERFACE eee off`, or in the settings of the switch.',
  find(view) {
    const { incidents, tally, transfer } = view
    const lost = incidents.filter(({ what }) => what === 'ack' || what === 'data' || what === 'either')
    const count = lost.reduce((sum, { unanswered }) => sum + 1 + unanswered, 0)
    if (count < LEAST_LOST || lost.some(({ idleMs }) => idleMs < IDLE_MS)) return undefined
    const others = transfer.blocks.acknowledged - lost.length
    if (others < LEAST_OTHERS || (view.latencies.medianMs ?? IDLE_MS) >= IDLE_MS) return undefined
    return {
      confidence: Math.min(0.95, 0.6 + 0.1 * count) * (lost.length / tally.total),
      evidence: [
        shown(
          view,
          `${count} frames were lost, each behind an idle gap, and none of ${others} others`,
          packetsOf(lost),
        ),
      ],
      tellApart: 'Keep the link busy (`ping -i 0.002` to the device): with EEE nothing is lost then.',
    }
  },
}
