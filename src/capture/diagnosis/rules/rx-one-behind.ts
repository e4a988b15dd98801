import { judgedRule, ofKind } from './judged.ts'

export const rxOneBehind = judgedRule({
  id: 'rx-one-behind',
  title: 'the device sees each frame only when the next one arrives',
  advice: 'Send every packet twice (`--copies 2 --gap 1`): the copy pushes the packet through.',
  hypotheses: ['rx-one-behind'],
  events: ofKind('down-held'),
  words: (_blocks, events) => `${events.length} frames in a row were seen by the device only after a second one`,
})
