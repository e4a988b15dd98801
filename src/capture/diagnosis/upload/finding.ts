/** What the two rules of loss say of an upload. Their names mean the packets: DATA comes from the device here, and ACKs from the server. */
import { MAX_EVIDENCE_PACKETS } from '../contract.ts'
import type { Finding } from '../rule.ts'
import { blocksText, certainty } from '../rules/judged.ts'
import { shown, type View } from '../view/view.ts'
import type { UploadLoss, UploadLosses } from './losses.ts'

const TEXTS = {
  'data-loss': {
    title: 'DATA of the device is lost on its way to the server',
    advice:
      'Try another cable, port or a plain 100 Mbit/s switch between: the transmit side of the device is marginal, or the receiving side of the server drops (compare `ethtool -S` before and after).',
    words: (blocks: string) =>
      `${blocks}: came late, each time after the same wait: the timer of the device sent what was lost before`,
    ofWindow: (blocks: string) =>
      `${blocks}: missing when later blocks came, or at the end of a window, and sent again`,
  },
  'ack-loss': {
    title: 'ACKs of the server are lost on their way to the device',
    advice:
      'Try another cable or port, 100 Mbit/s in place of 1000, and no flow control; look at the drop counters of every switch on the way.',
    words: (blocks: string) =>
      `the ACK of ${blocks} did not arrive: the device sent that block again, or went on only when the ACK came again`,
    ofWindow: (blocks: string) => `the ACK of ${blocks} did not arrive: the device sent blocks again that it names`,
  },
} as const

const APART =
  'Lost DATA and lost ACKs look alike here, because the device answers each repeated ACK. Capture at the device as well, or compare `ethtool -S` of both sides before and after.'

/** A transfer of this many blocks that lost one packet is hardly faulty. */
const MANY_BLOCKS = 100

export function uploadFinding(
  view: View,
  { up, down, either }: UploadLosses,
  id: 'ack-loss' | 'data-loss',
): Finding | undefined {
  const own = id === 'data-loss' ? up : down
  const other = id === 'data-loss' ? down : up
  const told = own.length + other.length
  // What the other waits show is the best guess for those that show nothing; without any, both are level.
  const share = told === 0 ? 0.5 : own.length / told
  const count = sumOf(own) + share * either.length
  if (count === 0) return undefined
  const isAccident =
    sumOf([...up, ...down, ...either]) === 1 &&
    view.transfer.outcome.type === 'complete' &&
    view.transfer.blocks.sent >= MANY_BLOCKS
  const { title, advice, ...texts } = TEXTS[id]
  const isWindow = view.transfer.agreed.windowsize > 1
  const words = isWindow ? texts.ofWindow : texts.words
  const isLevel = own.length === 0
  const losses = isLevel ? either : own
  // An ACK is that of the block before the wait.
  const named = !isLevel && !isWindow && id === 'ack-loss' ? own.map(({ seq }) => ({ seq: seq - 1 })) : losses
  return {
    title,
    advice,
    confidence: (isLevel ? share : 1) * certainty(isLevel ? either.length : count) * (isAccident ? 0.5 : 1),
    evidence: [
      shown(
        view,
        isLevel ? `${blocksText(named)}: came only after the ACK before it was repeated` : words(blocksText(named)),
        losses.flatMap((loss) => loss.shown).slice(0, MAX_EVIDENCE_PACKETS),
      ),
    ],
    tellApart: isLevel ? APART : undefined,
  }
}

function sumOf(losses: readonly UploadLoss[]): number {
  return losses.reduce((sum, { times }) => sum + times, 0)
}
