/**
 * The host's entry for the device expires, the device does not answer ARP, and nothing reaches it from one moment on. It still speaks by its
 * timer, and always names the same block.
 */
import type { Evidence } from '../contract.ts'
import { runsMs } from '../explain/fit.ts'
import type { Finding, Rule } from '../rule.ts'
import { shown, type View } from '../view/view.ts'
import { ARP_APART, UNREACHED_APART } from './apart.ts'
import { certainty } from './judged.ts'
import { unansweredSends } from './client-silent.ts'

export const arpSilent: Rule = {
  id: 'arp-silent',
  title: 'from one moment on nothing reaches the device: it does not answer when the server asks for its MAC address',
  advice:
    'Give the server a fixed entry: `ip neigh replace ADDRESS lladdr MAC dev INTERFACE nud permanent`, with the address and MAC that the capture shows for the device.',
  find(view) {
    const asked = questionsOf(view)
    const judged = view.judgement.judged.find(({ hypothesis }) => hypothesis === 'outage')
    if (judged === undefined || judged.story.own.length === 0)
      return asked.length > 0 && !isOver(view) ? { confidence: 0.8, evidence: asked } : unreached(view)
    const { story, weight } = judged
    const { script, own, events } = story
    const everyMs = runsMs(story)
    const spoke = events.filter(({ kind, at }) => kind === 'timer' && at > own[0].at).map(({ at }) => script.packet[at])
    const lost = own.map(({ at }) => script.packet[at])
    const evidence =
      everyMs === undefined
        ? shown(
            view,
            `from block ${own[0].seq} on no packet of the server is answered${spoke.length > 0 ? `, and the device repeats its last packet ${spoke.length} times: it lives` : ''}`,
            [...lost, ...spoke],
          )
        : shown(
            view,
            `each time it works for about ${Math.round(everyMs)} ms, and then nothing reaches the device until it speaks`,
            lost,
          )
    return {
      confidence: asked.length > 0 ? 0.97 : weight * certainty(Infinity),
      likelihood: judged.share,
      evidence: [...asked, evidence],
      tellApart: asked.length > 0 ? undefined : ARP_APART,
    }
  },
}

/** A device without a timer says nothing, be it that nothing reaches it, be it that it is dead. */
function unreached(view: View): Finding | undefined {
  const sends = unansweredSends(view)
  if (sends.length < LEAST_SENDS || view.judgement.judged.length > 0) return undefined
  return {
    confidence: 0.35,
    evidence: [
      shown(view, `${sends.length} packets of DATA, and no answer of any kind: perhaps none of them reached it`, sends),
    ],
    tellApart: UNREACHED_APART,
  }
}

const LEAST_SENDS = 3

function questionsOf({ transfer }: View): Evidence[] {
  const questions = transfer.sideEvents.filter(
    (e) => e.type === 'neighbour-question' && e.about === 'client' && e.by === transfer.server.address,
  )
  const answers = transfer.sideEvents.some((e) => e.type === 'neighbour-answer' && e.about === 'client')
  if (questions.length < 2 || answers) return []
  return [
    {
      text: `the server asks ${questions.length} times for its MAC address, and no answer comes`,
      packets: questions.slice(0, 8).map(({ number }) => number),
    },
  ]
}

function isOver({ transfer }: View): boolean {
  return transfer.outcome.type === 'complete' || transfer.outcome.type === 'probe'
}
