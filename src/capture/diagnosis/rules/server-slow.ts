/** The server takes its time before it sends the next block, or the ACK of one, although nothing is missing. */
import { areNotable, pausesText, timerLike } from '../view/pauses.ts'
import type { Finding, Rule } from '../rule.ts'
import { blocksText, certainty } from './judged.ts'
import { shown, type View } from '../view/view.ts'

/** As a loss in front of the place of the capture. */
const LEVEL = 0.5
const SURE = 0.95

export const serverSlow: Rule = {
  id: 'server-slow',
  title: 'the server paused before it went on',
  advice:
    'Look at the server in these moments: a disk that starts or is full, a file on a network drive, a scanner for viruses, too little memory, or a host that does too much else. Keep the file on a local disk.',
  find(view) {
    const { transfer, turns } = view
    if (transfer.direction === 'write') return ofUpload(view)
    const { late } = turns
    const lengths = late.map(({ ms }) => ms)
    if (!areNotable(lengths, transfer.endMs)) return undefined
    const isLevel = timerLike(view, lengths)
    return {
      title: `the server paused ${pausesText(lengths)}, before it sent the next block`,
      confidence: isLevel ? LEVEL : Math.max(LEVEL, SURE * certainty(late.length)),
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

function ofUpload(view: View): Finding | undefined {
  const { server } = view.pauses
  const lengths = server.map(({ ms }) => ms)
  if (!areNotable(lengths, view.transfer.endMs)) return undefined
  const isLevel = timerLike(view, lengths)
  return {
    title: isLevel
      ? `ACKs of the server came late, ${pausesText(lengths)}: it paused, or they are lost in front of the place of this capture and its timer repeats them`
      : `the server paused ${pausesText(lengths)}, before it acknowledged a block`,
    confidence: isLevel ? LEVEL : Math.max(LEVEL, SURE * certainty(server.length)),
    tellApart: isLevel ? LOST_ACK_OR_PAUSED : undefined,
    evidence: [
      shown(
        view,
        `${blocksText(server)}: acknowledged late, although it came once`,
        server.flatMap((pause) => pause.shown),
      ),
    ],
  }
}

const LOST_ACK_OR_PAUSED =
  'These waits are alike, as those of a timer are. Capture at the server: there an ACK that is lost is seen twice, and a pause is none.'

/** Both causes say it. */
export const LOST_OR_PAUSED =
  'These waits are alike, as those of a timer are: the block may have left before and be lost in front of the place of this capture. Capture at the server: there a block that is lost is seen twice, and a pause is none.'
