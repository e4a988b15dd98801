/** The device of an upload takes its time before it sends the next block. */
import type { Rule } from '../rule.ts'
import { areNotable, pausesText } from '../view/pauses.ts'
import { shown } from '../view/view.ts'
import { blocksText, certainty } from './judged.ts'

export const clientSlow: Rule = {
  id: 'client-slow',
  title: 'the device paused before it sent the next block',
  advice:
    'Nothing is lost: the device reads its flash or does something else in these moments. A server that gives up meanwhile needs a longer timeout.',
  find(view) {
    const { client } = view.pauses
    const lengths = client.map(({ ms }) => ms)
    if (!areNotable(lengths, view.transfer.endMs)) return undefined
    // Twice the timer that lost blocks show.
    if (client.length === 1 && (view.upload?.up.length ?? 0) > 0) return undefined
    return {
      title: `the device paused ${pausesText(lengths)}, before it sent the next block`,
      // A lone one may be the timer that sends a lost block again.
      confidence: client.length === 1 ? LONE : certainty(client.length),
      evidence: [
        shown(
          view,
          `${blocksText(client)}: left late, although the ACK before had come, and each after another wait`,
          client.flatMap((pause) => pause.shown),
        ),
      ],
      tellApart:
        client.length === 1
          ? 'A lone wait may be the timer of the device as well, which sends a lost block again: a timer makes the same wait each time.'
          : undefined,
    }
  },
}

const LONE = 0.5
