/** Only frames behind an idle gap are lost: the link sleeps and wakes too slowly. */
import { judgedRule, ofKind } from './judged.ts'

const APART = 'Keep the link busy (`ping -i 0.002` to the device): with EEE nothing is lost then.'

export const eeeWake = judgedRule({
  id: 'eee-wake',
  title: 'the first frame after an idle gap is lost: the link wakes too slowly from its sleep',
  advice:
    'Turn Energy Efficient Ethernet off: `ethtool --set-eee INTERFACE eee off`, or in the settings of the switch.',
  hypotheses: ['eee-wake'],
  events: ofKind('up-lost', 'down-lost'),
  words: (_blocks, events, _judged, { transfer }) =>
    `${events.length} frames were lost, each behind an idle gap, and none of the frames of ${transfer.blocks.acknowledged} blocks without one`,
  apart: { 'data-loss': APART, 'ack-loss': APART, 'both-losses': APART },
})
