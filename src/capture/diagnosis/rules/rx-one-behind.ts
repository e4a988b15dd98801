import type { Rule } from '../rule.ts'
import { judgedRule, ofKind } from './judged.ts'

const rule = judgedRule({
  id: 'rx-one-behind',
  title: 'the device sees each frame only when the next one arrives',
  advice: 'Send every packet twice (`--copies 2 --gap 1`): the copy pushes the packet through.',
  hypotheses: ['rx-one-behind'],
  events: ofKind('down-held'),
  words: (_blocks, events) => `${events.length} frames in a row were seen by the device only after a second one`,
})

export const rxOneBehind: Rule = {
  ...rule,
  find(view) {
    const found = rule.find(view)
    // Only a next block that pushes the one before through proves it.
    if (found === undefined || view.latencies.windowBlocks > 1) return found
    return { ...found, confidence: Math.min(found.confidence, UNPROVED), tellApart: PROOF }
  },
}

const UNPROVED = 0.8
const PROOF =
  'A device that is deaf for a moment after it has sent, or a path that loses every second packet, looks the same in lock-step. Serve it with `--copies 2 --gap 1`: if that is quick, the device sees frames late or is deaf for less than 1 ms; then try `--gap 5`.'
