/** Loss in both directions that grows with the length of the frame: DATA suffers most, and ACKs a little. */
import { judgedRule, ofKind } from './judged.ts'

export const bitErrors = judgedRule({
  id: 'bit-errors',
  title: 'frames are damaged on the wire, long ones more often',
  advice:
    'Replace the cable, clean the contacts, force 10 or 100 Mbit/s; compare the CRC error counters of `ethtool -S` before and after.',
  hypotheses: ['bit-errors'],
  events: ofKind('up-lost', 'down-lost'),
  words: (_blocks, events) => {
    const acks = events.filter(({ kind }) => kind === 'up-lost').length
    return `${events.length - acks} losses of DATA and ${acks} of ACKs: about the proportion of their lengths`
  },
})
