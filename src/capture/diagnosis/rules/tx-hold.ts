import { judgedRule, ofKind } from './judged.ts'

export const txHold = judgedRule({
  id: 'tx-hold',
  title: 'an acknowledgement stays in the device until it sends another packet',
  advice:
    'Serve it with Foresend and `--window 2`: each ACK then pushes out the one before. The doorbell of its transmit ring is missed now and then.',
  adviceOfOurs:
    'Serve it with `--window 2`: each ACK then pushes out the one before. The doorbell of its transmit ring is missed now and then.',
  hypotheses: ['tx-hold'],
  events: ofKind('up-held'),
  words: (blocks) => `${blocks}: the ACK came with another packet, when the device spoke again`,
})
