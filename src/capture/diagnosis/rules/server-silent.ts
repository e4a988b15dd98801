import type { Finding, Rule } from '../rule.ts'
import { unansweredQuestions } from '../view/questions.ts'
import { shown, type View } from '../view/view.ts'
import { deliveryErrors } from '../view/delivery-errors.ts'

export const serverSilent: Rule = {
  id: 'server-silent',
  title: 'the server does not answer',
  advice:
    'Check that the server listens on the address that the request goes to, and that its firewall lets UDP port 69 in and its answers out.',
  find(view) {
    const { transfer, packets, list } = view
    const late = answeredLate(view)
    if (late !== undefined) return late
    if (transfer.outcome.type === 'silent') return view.isRunning ? undefined : stopped(view)
    if (transfer.outcome.type !== 'unanswered' || transfer.request === undefined) return undefined
    const { count, toAddress } = transfer.request
    // A host or firewall says why; or the server would answer, and does not find the device.
    if (deliveryErrors(transfer).length > 0 || unansweredQuestions(transfer).length > 0) return undefined
    // A lone request at the end of a capture may have been answered behind it.
    if (count < 2 && (transfer.quietMs < LONE_REQUEST_MS || transfer.onlyRequests)) return undefined
    return {
      // Only a client that asks again speaks against a filter that left the answers out.
      confidence: transfer.onlyRequests ? 0.5 : count > 1 ? 0.9 : 0.7,
      ...(transfer.onlyRequests && { tellApart: FILTERED }),
      evidence: [shown(view, `${times(count)} to ${toAddress}, and no packet came back`, requests(packets, list))],
    }
  },
}

/** The first answer leaves when the device asks no more. It sent several requests, and would have sent the next one by then. */
export function answeredLate({ transfer, packets, list }: View): Finding | undefined {
  const asked = requests(packets, list)
  const answers = [...list].filter((i) => !packets.fromClient(i))
  const spoke = [...list].some((i) => packets.fromClient(i) && packets.kind(i) === 'ack')
  if (asked.length < 2 || answers.length === 0 || spoke || transfer.direction === 'write') return undefined
  const firstMs = packets.timeMs(asked[0])
  const lastMs = packets.timeMs(asked[asked.length - 1])
  const answerMs = packets.timeMs(answers[0])
  if (answerMs - lastMs < (lastMs - firstMs) / (asked.length - 1)) return undefined
  const waited = `${((answerMs - firstMs) / 1000).toFixed(1)} s`
  return {
    confidence: 0.85,
    title: 'the server answers too late: the device has given up',
    evidence: [
      { text: `${times(asked.length)}, and the first answer left ${waited} after the first of them`, packets: [] },
    ],
    advice:
      'The server or its disk is overloaded, or it had just started. Let fewer devices boot at once, give it more cores, and start the device again.',
  }
}

/** The device repeats what it sent last, and the server leaves it at that. */
function stopped(view: View): Finding | undefined {
  const { packets, list } = view
  const last = list.findLastIndex((i) => !packets.fromClient(i))
  const isUpload = view.transfer.direction === 'write'
  const repeats = [...list.subarray(last + 1)].filter((i) => packets.kind(i) === (isUpload ? 'data' : 'ack'))
  if (last < 0 || repeats.length < LEAST_REPEATS || unansweredQuestions(view.transfer).length > 0) return undefined
  // Something made the server give up, unless it did so of itself.
  const isConsequence = hasCause(view, last)
  return {
    confidence: isConsequence ? 0.25 : 0.8,
    isConsequence,
    evidence: [
      shown(
        view,
        isUpload
          ? `the device sends the same block ${repeats.length} times, and no packet comes back`
          : `the device says ${repeats.length} times which block it waits for, and no packet comes back`,
        repeats,
      ),
    ],
    advice:
      'The server gave up or stopped in the middle. Look at its log, give it a longer timeout, or serve the file with another one.',
  }
}

/** Something happened before the server sent its last packet that it may have given up for. `last`: its index. */
function hasCause({ judgement, packets, list }: View, last: number): boolean {
  const best = judgement.judged[0]?.story
  return (
    best !== undefined &&
    best.own.some(({ at }) => packets.timeMs(best.script.packet[at]) <= packets.timeMs(list[last]))
  )
}

const LEAST_REPEATS = 3

const FILTERED =
  'The capture has nothing but requests, as one that is filtered for port 69: the answers come from other ports. Capture again with the filter udp; if there is still no answer, the server is silent.'

/** Servers answer within milliseconds; a disk that has to start takes seconds. */
const LONE_REQUEST_MS = 3000

function times(count: number): string {
  return count === 1 ? 'one request went' : `${count} requests went`
}

function requests(packets: { kind(i: number): string }, list: Uint32Array): number[] {
  return [...list].filter((i) => packets.kind(i) === 'rrq' || packets.kind(i) === 'wrq')
}
