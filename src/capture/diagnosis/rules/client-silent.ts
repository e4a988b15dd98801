import type { Finding, Rule } from '../rule.ts'
import { unansweredAcks } from '../upload/unanswered.ts'
import { shown, type View } from '../view/view.ts'
import { isAbandoned, unansweredSends, weightOfGone } from './gone.ts'
import { reachesClient } from './unreachable.ts'

const LEAST_SENDS = 3

export const clientSilent: Rule = {
  id: 'client-silent',
  title: 'the device said nothing more from one moment on',
  advice:
    'Look at its console: it may have crashed, restarted, lost its link or been switched off. When it starts again by itself, its next request is a new transfer in this capture.',
  isConsequence: true,
  find(view) {
    const { transfer, list, packets, isRunning } = view
    if (isRunning) return undefined
    if (transfer.outcome.type === 'last-ack-missing') return leftAtTheEnd(view)
    const isUpload = transfer.direction === 'write'
    const sends = !isUpload ? unansweredSends(view) : isAbandoned(transfer) ? unansweredAcks(view) : []
    // Its own message says more.
    if (sends.length === 0 || reachesClient(transfer) || (isUpload && transfer.blocks.highest === 0)) return undefined
    const what = isUpload ? `${sends.length} times the same ACK` : `${sends.length} packets of DATA`
    const evidence = [shown(view, `${what}, and no answer of any kind`, sends)]
    const { askedAgainMs } = transfer
    const last = list.findLast((i) => packets.fromClient(i))
    if (askedAgainMs !== undefined && last !== undefined)
      return restarted(evidence, (askedAgainMs - packets.timeMs(last)) / 1000)
    return sends.length < LEAST_SENDS ? undefined : { confidence: weightOfGone(view), evidence }
  },
}

function restarted(evidence: Finding['evidence'], seconds: number): Finding {
  return {
    title: `the device stopped in the middle, and asks for the file anew ${seconds.toFixed(1)} s after its last packet: it restarted or gave up`,
    advice:
      'Look at its console for what happened before: a crash, a watchdog, a power supply that is too weak, or a person. It can be reached, as its next request shows.',
    confidence: 0.9,
    evidence,
  }
}

/** The final block is the only one that is open, and each before it came without trouble. */
function leftAtTheEnd(view: View): Finding | undefined {
  const { packets, list, transfer, judgement } = view
  const sends = [...list].filter((i) => packets.kind(i) === 'data' && packets.seq(i) === transfer.blocks.final)
  const last = list.findLast((i) => packets.fromClient(i))
  if (transfer.direction !== 'read' || last === undefined || sends.some((i) => i < last)) return undefined
  const best = judgement.judged[0]?.story
  if (best !== undefined && best.own.some(({ at }) => best.script.nextHeard[at] >= 0)) return undefined
  return {
    title: 'the device left without acknowledging the last block',
    advice:
      'Many devices start the image at once when its last block is there, and say nothing more: then nothing is wrong. Compare the CRC32 of the image on its console; if the device asks for the file again, the last block or its ACK is lost.',
    confidence: 0.6,
    evidence: [
      shown(
        view,
        `the last block left ${sends.length === 1 ? 'once' : `${sends.length} times`}, and no answer came`,
        sends,
      ),
    ],
  }
}
