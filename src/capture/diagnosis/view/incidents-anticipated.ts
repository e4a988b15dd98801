/** Several blocks are out, and the client acknowledges each by itself (a window that it did not negotiate). */
import type { Episode } from './episodes.ts'
import type { Incident, IncidentKind } from './incident.ts'
import { offeredBy, placeOf, type Reader, saidBy } from './incidents.ts'

export function readAnticipated(reader: Reader, episode: Episode): Incident[] {
  const { packets, list, timer } = reader
  const { from, to, closed, ackedBefore } = episode
  const found: Incident[] = []
  const add = (seq: number, what: IncidentKind, shown: readonly number[]): void => {
    const firstAt = firstSendOf(reader, seq, to)
    found.push({
      seq,
      what,
      fromMs: packets.timeMs(list[firstAt ?? from]),
      toMs: packets.timeMs(list[to]),
      ...(firstAt === undefined ? { idleMs: 0, inBurst: 0 } : placeOf(reader, firstAt)),
      unanswered: 0,
      packets: [...(firstAt === undefined ? [] : [firstAt]), ...shown].map((at) => list[at]),
      open: !closed,
    })
  }
  let sent = episode.sentBefore
  let timerSaid: number | undefined
  for (let at = from; at <= to; at++) {
    const i = list[at]
    const offered = offeredBy(packets, i)
    if (offered !== undefined) sent = Math.max(sent, offered)
    const said = saidBy(packets, i)
    if (said === undefined || !timer.positions.has(at) || timerSaid === said) continue
    timerSaid = said
    // What it took last: all that left later did not arrive, or its ACK did not.
    if (said === sent) add(said, 'ack', [at])
    else if (said >= 0 && said < sent) add(sent, 'data', [at])
  }
  if (!closed) {
    if (found.length === 0 && to - from > 2) add(episode.sentAfter, 'either', [to])
    return found
  }
  const seq = packets.seq(list[to])
  if (timerSaid === undefined) {
    // Blocks that were passed over: sent before this one, and not acknowledged when it was.
    for (let block = Math.max(ackedBefore, 0) + 1; block < seq; block++) {
      if (block > episode.sentAfter) break
      const answered = laterAnswer(reader, block, to)
      if (answered === 'reordered') add(block, 'swapped', [to])
      else add(block, 'either', [to])
    }
    const repeats = repeatsOf(reader, seq, from, to)
    if (repeats.length > 0 && seq > ackedBefore) {
      const isLast = seq === episode.sentBefore || seq === sent
      const quiet = repeats.length > 1
      add(seq, isLast && quiet ? 'ack' : 'either', [...repeats, to])
    }
  }
  return found
}

function firstSendOf({ packets, list }: Reader, seq: number, before: number): number | undefined {
  let first: number | undefined
  for (let at = before; at >= 0 && before - at < MOST_BACK; at--) if (offeredBy(packets, list[at]) === seq) first = at
  return first
}

/** A first packet further back than this is not looked for. */
const MOST_BACK = 200

/** DATA of the block inside the episode that repeats it. */
function repeatsOf(reader: Reader, seq: number, from: number, to: number): number[] {
  const { packets, list } = reader
  const inside: number[] = []
  for (let at = from; at < to; at++) if (offeredBy(packets, list[at]) === seq) inside.push(at)
  const first = firstSendOf(reader, seq, to)
  return inside.filter((at) => at !== first)
}

/** Its ACK came right behind, without a repeat: the packets changed their order. */
function laterAnswer({ packets, list, answerMs }: Reader, seq: number, after: number): 'reordered' | undefined {
  const ms = packets.timeMs(list[after])
  for (let at = after + 1; at < list.length; at++) {
    const i = list[at]
    if (packets.timeMs(i) - ms > answerMs) return undefined
    if (offeredBy(packets, i) === seq) return undefined
    if (saidBy(packets, i) === seq) return 'reordered'
  }
  return undefined
}
