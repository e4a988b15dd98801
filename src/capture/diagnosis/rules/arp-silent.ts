/**
 * The host's entry for the device expires, the device does not answer ARP, and nothing reaches it from one moment on. It still speaks by its
 * timer, and always names the same block.
 */
import type { Evidence } from '../contract.ts'
import type { Rule } from '../rule.ts'
import { shown, type View } from '../view/view.ts'

const LEAST_REPEATS = 2

export const arpSilent: Rule = {
  id: 'arp-silent',
  title: 'from one moment on nothing reaches the device: it does not answer when the server asks for its MAC address',
  advice:
    'Give the server a fixed entry: `ip neigh replace ADDRESS lladdr MAC dev INTERFACE nud permanent`, with the address and MAC that the capture shows for the device.',
  find(view) {
    const questions = view.transfer.sideEvents.filter(
      (e) => e.type === 'neighbour-question' && e.about === 'client' && e.by === view.transfer.server.address,
    )
    const answers = view.transfer.sideEvents.filter((e) => e.type === 'neighbour-answer' && e.about === 'client')
    const asked: Evidence[] =
      questions.length > 1 && answers.length === 0
        ? [
            {
              text: `the server asks ${questions.length} times for its MAC address, and no answer comes`,
              packets: questions.slice(0, 8).map(({ number }) => number),
            },
          ]
        : []
    const outage = outageOf(view)
    if (outage === undefined)
      return asked.length > 0 && !isOver(view) ? { confidence: 0.8, evidence: asked } : undefined
    return {
      confidence: asked.length > 0 ? 0.97 : outage.confidence,
      evidence: [...asked, ...outage.evidence],
      tellApart:
        'Capture ARP too (no port filter): questions for the address of the device without an answer prove it.',
    }
  },
}

function isOver({ transfer }: View): boolean {
  return transfer.outcome.type === 'complete' || transfer.outcome.type === 'probe'
}

/** DATA stays unanswered to the end although the device still speaks. */
function outageOf(view: View): { confidence: number; evidence: Evidence[] } | undefined {
  const { packets, list, episodes, timer, transfer } = view
  const last = episodes.at(-1)
  if (last === undefined || last.closed || transfer.blocks.highestAcknowledged === 0) return undefined
  const sends: number[] = []
  const spoke: number[] = []
  for (let at = last.from; at <= last.to; at++) {
    const i = list[at]
    if (packets.kind(i) === 'data') sends.push(i)
    else if (packets.kind(i) === 'ack' && packets.fromClient(i) && packets.seq(i) < last.sentAfter) {
      // An answer to a repeat that arrived: the way is open.
      if (!timer.positions.has(at) && !timer.doubtful.has(at)) return undefined
      spoke.push(i)
    }
  }
  if (sends.length <= LEAST_REPEATS) return undefined
  const unanswered = shown(
    view,
    `${sends.length} packets of DATA from block ${packets.seq(sends[0])} on, and not one was answered`,
    sends,
  )
  if (spoke.length >= LEAST_REPEATS) {
    const same = shown(
      view,
      `the device repeats its last ACK ${spoke.length} times: it lives, and nothing reaches it`,
      spoke,
    )
    return { confidence: Math.min(0.95, 0.75 + 0.05 * spoke.length), evidence: [same, unanswered] }
  }
  return undefined
}
