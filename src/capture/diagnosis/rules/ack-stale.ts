import { judgedRule, ofKind } from './judged.ts'

export const ackStale = judgedRule({
  id: 'ack-stale',
  title: 'the device now and then sends the ACK before once more in place of the one that is due',
  advice:
    'Its transmit buffer is sent before the new bytes are in memory. Serve it with Foresend and `--window 2`: the ACK of the next block makes up for it.',
  adviceOfOurs:
    'Its transmit buffer is sent before the new bytes are in memory. `--window 2` helps: the ACK of the next block makes up for it.',
  hypotheses: ['ack-stale'],
  events: ofKind('stale'),
  words: (blocks) => `${blocks}: the ACK of the block before came, as quickly as an answer`,
})
