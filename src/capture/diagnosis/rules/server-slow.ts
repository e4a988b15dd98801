/** The server takes its time before it sends the next block, although nothing is missing. */
import { LEAST_LONGEST_MS, pausesText, timerLike } from '../view/pauses.ts'
import type { Rule } from '../rule.ts'
import { blocksText, certainty } from './judged.ts'
import { shown } from '../view/view.ts'

/** Less of a transfer is not worth a word. */
const LEAST_SHARE = 0.1
/** Shares with a loss in front of the place of the capture. */
const LEVEL = 0.5

export const serverSlow: Rule = {
  id: 'server-slow',
  title: 'the server paused before it sent the next block',
  advice:
    'Look at the server in these moments: a disk that starts or is full, a file on a network drive, a scanner for viruses, too little memory, or a host that does too much else. Serve the file from a local disk.',
  find(view) {
    const { transfer, turns } = view
    const { late } = turns
    const lengths = late.map(({ ms }) => ms)
    const totalMs = lengths.reduce((sum, ms) => sum + ms, 0)
    if (late.length === 0 || Math.max(...lengths) < LEAST_LONGEST_MS || totalMs < LEAST_SHARE * transfer.endMs)
      return undefined
    const isLevel = timerLike(view)
    return {
      title: `the server paused ${pausesText(lengths)}, before it sent the next block`,
      confidence: isLevel ? LEVEL : Math.max(LEVEL, 0.95 * certainty(late.length)),
      likelihood: 0,
      evidence: [
        shown(
          view,
          `${blocksText(late.map(({ seq }) => ({ seq: seq + 1 })))}: left late, although the ACK before had come`,
          late.flatMap((turn) => turn.shown),
        ),
      ],
      tellApart: isLevel ? LOST_OR_PAUSED : undefined,
    }
  },
}

/** Both causes say it. */
export const LOST_OR_PAUSED =
  'These waits are alike, as those of a timer are: the block may have left before and be lost in front of the place of this capture. Capture at the server: there a block that is lost is seen twice, and a pause is none.'
