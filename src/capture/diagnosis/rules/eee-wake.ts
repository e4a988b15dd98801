/** Only frames behind an idle gap are lost: the link sleeps and wakes too slowly. */
import { asleepFromTheStart } from '../explain/asleep.ts'
import { LEVEL_COST } from '../explain/judge.ts'
import type { Finding, Rule } from '../rule.ts'
import { shown, type View } from '../view/view.ts'
import { EEE_APART } from './apart.ts'
import { deadRx } from './dead-rx.ts'
import { judgedRule, ofKind } from './judged.ts'

const inTransfer = judgedRule({
  id: 'eee-wake',
  title: 'the first frame after an idle gap is lost: the link wakes too slowly from its sleep',
  advice:
    'Turn Energy Efficient Ethernet off: `ethtool --set-eee INTERFACE eee off`, or in the settings of the switch.',
  hypotheses: ['eee-wake'],
  events: ofKind('up-lost', 'down-lost'),
  words: (_blocks, events, _judged, { transfer }) =>
    `${events.length} frames were lost, each behind an idle gap, and none of the frames of ${transfer.blocks.acknowledged} blocks without one`,
})

export const eeeWake: Rule = { ...inTransfer, find: (view) => inTransfer.find(view) ?? fromTheStart(view) }

/** Nothing ever arrived, and requests are missing as well. */
function fromTheStart(view: View): Finding | undefined {
  const { transfer, packets, list } = view
  const dead = deadRx.find(view)
  const asleep = dead === undefined ? undefined : asleepFromTheStart(transfer, list)
  if (dead === undefined || asleep === undefined || asleep.deadGain > LEVEL_COST) return undefined
  const requests = [...list].filter((i) => packets.kind(i) === 'rrq')
  const text = `every packet of the server left behind an idle gap and was lost, and of the requests that the timer of the device was due to send ${asleep.missed} did not arrive`
  return {
    confidence: dead.confidence,
    likelihood: 0,
    evidence: [shown(view, text, requests)],
    tellApart: EEE_APART,
  }
}
