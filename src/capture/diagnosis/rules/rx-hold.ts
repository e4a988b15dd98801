import { judgedRule, ofKind } from './judged.ts'

export const rxHold = judgedRule({
  id: 'rx-hold',
  title: 'a frame now and then waits in the device until the next one arrives',
  advice: 'Send every packet twice (`--copies 2 --gap 1`), or some blocks ahead: the next frame pushes it through.',
  hypotheses: ['rx-hold'],
  events: ofKind('down-held'),
  words: (blocks) => `${blocks}: the device saw it only when the next frame came, and answered both`,
})
