/** Losses on the way between the server and the place of a capture that was not taken at it, as what the server sends next shows them. */
import type { Hypothesis } from '../explain/judge.ts'
import type { Finding } from '../rule.ts'
import { timerLike } from '../view/pauses.ts'
import { shown, type View } from '../view/view.ts'
import { blocksText, certainty } from './judged.ts'
import { LOST_OR_PAUSED } from './server-slow.ts'

/** ACKs that the capture has, and after which the server sent the same block again, or nothing until the ACK came again. */
export function unheardAcks(view: View): Finding | undefined {
  const { unheard, prompted } = view.turns
  const isAtServer = view.transfer.vantage.at === 'server'
  if (isOtherFault(view)) return undefined
  // At the server no block is lost before it is seen.
  const isLevel = unheard.length === 0 && !isAtServer
  const turns = [...unheard, ...prompted].sort((a, b) => a.seq - b.seq)
  if (turns.length === 0) return undefined
  const what =
    unheard.length === 0
      ? 'nothing comes until the device says it again'
      : 'the server sends the block again until another ACK comes'
  return {
    title: isAtServer
      ? 'acknowledgements arrive at the server, and its program does not take them'
      : 'acknowledgements are lost between the place of this capture and the server',
    advice: isAtServer
      ? 'Look at the firewall of the server and at its load: packets that its card has received are dropped before the program sees them (`nstat -az UdpInErrors UdpRcvbufErrors`).'
      : 'The device has answered each time: look at what lies behind the place of this capture, the cables, ports and switches up to the server, and at the firewall of the server. A capture at the server shows whether these ACKs arrive.',
    // It is seen directly, and the direction with it.
    confidence: isLevel ? LEVEL * certainty(turns.length) : Math.max(certainty(turns.length), 0.7),
    likelihood: 1,
    evidence: [
      shown(
        view,
        `the ACK of ${blocksText(turns)} is in the capture, and ${what}`,
        turns.flatMap((turn) => turn.shown),
      ),
    ],
    tellApart: isLevel ? EITHER_OUT_OF_SIGHT : undefined,
  }
}

const EITHER_OUT_OF_SIGHT =
  'Either the ACK is lost behind the place of this capture, or the next block in front of it. Capture at the server: there it shows which of them arrives.'

/** Servers that get a wrong ACK drop what waits behind it (tftp-hpa): a device that holds or repeats ACKs looks like losses behind the capture. */
function isOtherFault({ judgement: { judged } }: View): boolean {
  const best = judged[0]
  return best !== undefined && best.story.own.length > 0 && !LOSSES.has(best.hypothesis)
}

const LOSSES: ReadonlySet<Hypothesis> = new Set(['ack-loss', 'data-loss', 'both-losses'])

/** Blocks that came after the same wait each time, as a timer makes it: lost before they passed the place of the capture, or sent late. */
export function unseenData(view: View): Finding | undefined {
  const { late, prompted, unheard } = view.turns
  if (view.skipped.length > 0 && !isOtherFault(view))
    return {
      title: TITLE,
      confidence: certainty(view.skipped.length),
      likelihood: 1,
      evidence: [
        shown(
          view,
          `${blocksText(view.skipped)}: came only when the device had asked for it, although later ones of the window had come`,
          view.skipped.flatMap((one) => one.shown),
        ),
      ],
    }
  if (prompted.length > 0 && unheard.length === 0 && view.transfer.vantage.at !== 'server' && !isOtherFault(view))
    return {
      title: TITLE,
      confidence: LEVEL * certainty(prompted.length),
      likelihood: 1,
      evidence: [
        shown(
          view,
          `${blocksText(prompted.map(({ seq }) => ({ seq: seq + 1 })))}: came only when the device had said again what it has`,
          prompted.flatMap((turn) => turn.shown),
        ),
      ],
      tellApart: EITHER_OUT_OF_SIGHT,
    }
  if (
    !timerLike(
      view,
      late.map(({ ms }) => ms),
    )
  )
    return undefined
  return {
    title: TITLE,
    confidence: LEVEL,
    likelihood: 1,
    evidence: [
      shown(
        view,
        `${blocksText(late.map(({ seq }) => ({ seq: seq + 1 })))}: came only after the wait of a timer, although the ACK before had left`,
        late.flatMap((turn) => turn.shown),
      ),
    ],
    tellApart: LOST_OR_PAUSED,
  }
}

const TITLE = 'DATA is lost between the server and the place of this capture'
const LEVEL = 0.5
