import { mostlyRhythm, pauseMs, rhythmOf } from '../explain/fit.ts'
import { median } from '../view/median.ts'
import type { StoryEvent } from '../explain/branch.ts'
import type { Judged } from '../explain/judge.ts'
import { judgedRule, ofKind } from './judged.ts'

export const slowFlash = judgedRule({
  id: 'slow-flash',
  title: 'the device stops now and then, to erase and write its flash',
  advice:
    'Nothing is lost: let it take its time. A server that gives up or repeats in these pauses needs a longer timeout.',
  hypotheses: ['slow-flash'],
  events: (judged) => (judged.story.fault === 'slow-flash' ? ofKind('pause')(judged) : firstOfEach(judged)),
  words: (_blocks, events, { story }, { latencies }) => {
    const lengths = events.map((pause) => pauseMs(story.script, pause))
    const about = `${lengths.length} pauses of about ${Math.round(median(lengths) ?? 0)} ms`
    const { windowBlocks } = latencies
    const every =
      rhythmOf(events, windowBlocks) ?? (mostlyRhythm(events, 1) ?? mostlyRhythm(events, windowBlocks))?.every
    return every === undefined
      ? `${about}, each ended by the ACK that was due`
      : `${about}, one every ${every} blocks; loss keeps no such rhythm`
  },
})

/** A device that drops what comes in a pause loses the same block again and again. */
function firstOfEach({ story: { own } }: Judged): readonly StoryEvent[] {
  return own.filter(({ seq }, n) => own.findIndex((other) => other.seq === seq) === n)
}
