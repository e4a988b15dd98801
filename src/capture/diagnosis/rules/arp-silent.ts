/**
 * The host's entry for the device expires, the device does not answer ARP, and nothing reaches it from one moment on. It still speaks by its
 * timer, and always names the same block.
 */
import type { Evidence } from '../contract.ts'
import type { Rule } from '../rule.ts'
import { ANSWER_MEDIANS } from '../view/client-timer.ts'
import { median } from '../view/median.ts'
import { shown, type View } from '../view/view.ts'

const LEAST_SENDS = 2

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
    const again = revived(view)
    if (again !== undefined) return again
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
  const answerMs = ANSWER_MEDIANS * (view.latencies.medianMs ?? 0)
  let dataMs = -Infinity
  for (let at = last.from; at <= last.to; at++) {
    const i = list[at]
    if (packets.kind(i) === 'data') {
      sends.push(i)
      dataMs = packets.timeMs(i)
    } else if (packets.kind(i) === 'ack' && packets.fromClient(i) && packets.seq(i) < last.sentAfter) {
      // An answer to a repeat that arrived: the way is open.
      const isOwn = timer.positions.has(at) || timer.doubtful.has(at) || packets.timeMs(i) - dataMs > answerMs
      if (!isOwn) return undefined
      spoke.push(i)
    }
  }
  if (sends.length < LEAST_SENDS || (spoke.length === 0 && sends.length <= LEAST_SENDS)) return undefined
  const unanswered = shown(
    view,
    `${sends.length} packets of DATA from block ${packets.seq(sends[0])} on, and not one was answered`,
    sends,
  )
  if (spoke.length >= LEAST_SENDS) {
    const same = shown(
      view,
      `the device repeats its last ACK ${spoke.length} times: it lives, and nothing reaches it`,
      spoke,
    )
    return { confidence: Math.min(0.95, 0.75 + 0.05 * spoke.length), evidence: [same, unanswered] }
  }
  // The device is silent as well: it may have died. What was lost before explains that better.
  if (spoke.length > 0) return undefined
  return { confidence: view.tally.total > 2 ? 0.2 : 0.5, evidence: [unanswered] }
}

/** The next frame of the device gives the server its address again, for the same time as before. */
function revived(view: View): { confidence: number; evidence: Evidence[]; tellApart: string } | undefined {
  const outages = view.incidents.filter(({ what }) => what === 'data')
  const runsMs = outages.slice(1).map(({ fromMs }, at) => fromMs - outages[at].toMs)
  const shortest = Math.min(...runsMs)
  if (runsMs.length < LEAST_RUNS || shortest < LEAST_MEDIANS * (view.latencies.medianMs ?? 0)) return undefined
  // An outage that ended before anything was sent shows as twice the time.
  if (runsMs.some((ms) => Math.abs(ms - Math.round(ms / shortest) * shortest) > SPREAD * shortest)) return undefined
  if (median(runsMs)! > (1 + SPREAD) * shortest) return undefined
  return {
    confidence: 0.98,
    evidence: [
      shown(
        view,
        `each time it works for about ${Math.round(shortest)} ms, and then nothing reaches the device until it speaks`,
        outages.flatMap(({ packets }) => packets),
      ),
    ],
    tellApart: 'Capture ARP too (no port filter): questions for the address of the device without an answer prove it.',
  }
}

const LEAST_RUNS = 2
/** Shorter runs than this many round trips are alike by chance. */
const LEAST_MEDIANS = 5
const SPREAD = 0.06
