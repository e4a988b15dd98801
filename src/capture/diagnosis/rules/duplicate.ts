import { judgedRule, ofKind } from './judged.ts'

export const duplicate = judgedRule({
  id: 'duplicate',
  title: 'packets are delivered twice on the way',
  advice:
    'Look for a loop, a second bridge between the same networks, or two mirrored ports. Serve it with a server that does not answer repeated ACKs with DATA.',
  hypotheses: ['duplicate'],
  events: ofKind('up-twice', 'down-twice'),
  words: (_blocks, events) => `${events.length} times an ACK came twice at once, although its block was sent once`,
})
