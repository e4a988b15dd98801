/**
 * The host's entry for the device expires, the device does not answer ARP, and nothing reaches it from one moment on. It still speaks by its
 * timer, and always names the same block.
 */
import { runsMs } from '../explain/fit.ts'
import type { Finding, Rule } from '../rule.ts'
import { unansweredQuestions } from '../view/questions.ts'
import { shown, type View } from '../view/view.ts'
import { ARP_APART, UNREACHED_APART } from './apart.ts'
import { certainty, isBehindAll } from './judged.ts'
import { LEVEL_WITH_GONE, unansweredSends, weightOfGone } from './gone.ts'

export const arpSilent: Rule = {
  id: 'arp-silent',
  title: 'from one moment on nothing reaches the device: it does not answer when the server asks for its MAC address',
  advice:
    'Give the server a fixed entry: `ip neigh replace ADDRESS lladdr MAC dev INTERFACE nud permanent`, with the address and MAC that the capture shows for the device.',
  find(view) {
    const asked = unansweredQuestions(view.transfer)
    const judged = view.judgement.judged.find(({ hypothesis }) => hypothesis === 'outage')
    if (view.transfer.askedAgainMs !== undefined && asked.length === 0 && unansweredSends(view).length > 0)
      return undefined
    // At the device the capture shows what reaches it. A server that is slower than the device looks alike, by its latency alone.
    const { at, because } = view.transfer.vantage
    if (at === 'client' && because[0] !== 'latency' && asked.length === 0) return unreached(view)
    if (judged === undefined || judged.story.own.length === 0)
      return asked.length > 0 && !isOver(view) ? unfound(view, asked) : unreached(view)
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
    if (asked.length > 0) return { confidence: 0.97, likelihood: judged.share, evidence: [...asked, evidence] }
    // It is silent altogether: as well it may be gone.
    const best = view.judgement.judged[0]
    const isAllBehind = [judged, best].every((one) => one.story.own.every((event) => isBehindAll(event, one)))
    if (isAllBehind && unansweredSends(view).length >= LEAST_SENDS)
      return {
        ...UNREACHED_OR_GONE,
        confidence: weightOfGone(view),
        likelihood: 1,
        isGuess: true,
        evidence: [evidence],
      }
    return {
      ...(everyMs === undefined ? UNREACHED : UNREACHED_AT_TIMES),
      confidence: weight * certainty(Infinity),
      likelihood: judged.share,
      evidence: [evidence],
      tellApart: ARP_APART,
    }
  },
}

const FIXED_ENTRY =
  'give the server a fixed entry: `ip neigh replace ADDRESS lladdr MAC dev INTERFACE nud permanent`, with the address and MAC that the capture shows for the device'

/** Nothing of ARP is in the capture. */
const UNREACHED = {
  title: 'from one moment on nothing reaches the device, which still speaks',
  advice: `Mostly the server no longer knows its MAC address, as it does not answer when it is asked: ${FIXED_ENTRY}. If that does not help, look for a firewall or a switch between that stops passing packets to it.`,
} as const

const UNREACHED_AT_TIMES = {
  title: 'after some time nothing reaches the device any more, until it speaks again',
  advice: `Mostly an address that the server or a switch forgets after that time: ${FIXED_ENTRY}.`,
} as const

const UNREACHED_OR_GONE = {
  title:
    'from one moment on nothing comes from the device: nothing reaches it, or it crashed, restarted or lost its link',
  advice: `Look at its console and at the lights of its port first. If it lives and waits, capture again with ARP; if the server asks for its MAC address in vain, ${FIXED_ENTRY}.`,
  tellApart: UNREACHED_APART,
} as const

function unfound({ transfer }: View, evidence: Finding['evidence']): Finding {
  if (transfer.blocks.highestAcknowledged > 0) return { confidence: 0.8, evidence }
  return {
    title: 'the server cannot send anything to the device: the device does not answer when it asks for its MAC address',
    confidence: 0.9,
    evidence,
  }
}

/** A device without a timer says nothing, be it that nothing reaches it, be it that it is dead. */
function unreached(view: View): Finding | undefined {
  const sends = unansweredSends(view)
  if (sends.length < LEAST_SENDS || view.judgement.judged.length > 0) return undefined
  return {
    ...UNREACHED_OR_GONE,
    confidence: LEVEL_WITH_GONE,
    likelihood: 1,
    isGuess: true,
    evidence: [
      shown(view, `${sends.length} packets of DATA, and no answer of any kind: perhaps none of them reached it`, sends),
    ],
  }
}

const LEAST_SENDS = 3

function isOver({ transfer }: View): boolean {
  return transfer.outcome.type === 'complete' || transfer.outcome.type === 'probe'
}
