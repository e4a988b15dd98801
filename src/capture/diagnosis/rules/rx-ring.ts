/** A receive ring with few places: the first packets of a burst arrive, later ones do not. */
import { judgedRule, ofKind } from './judged.ts'

export const rxRing = judgedRule({
  id: 'rx-ring',
  title: 'the device loses the later packets of a burst: its receive ring is full',
  advice:
    'Do not send ahead: serve it with `--window 1`, or keep the packets apart with `--gap 1`; refuse the option windowsize, or grant a smaller one.',
  hypotheses: ['rx-ring'],
  events: ofKind('down-lost'),
  words: (blocks) => `${blocks}: lost, and each left right behind another packet`,
})
