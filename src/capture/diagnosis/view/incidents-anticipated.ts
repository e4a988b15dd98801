/** Several blocks are out, and the client acknowledges each by itself (a window that it did not negotiate). */
import type { Episode } from './episodes.ts'
import type { Incident, IncidentKind } from './incident.ts'
import { offeredBy, placeOf, type Reader, saidBy } from './reader.ts'

export function readAnticipated(reader: Reader, episode: Episode): Incident[] {
  const { packets, list, timer } = reader
  const { from, to, closed, ackedBefore } = episode
  const found: Incident[] = []
  let sent = episode.sentBefore
  const add = (seq: number, what: IncidentKind, shown: readonly number[]): void => {
    const firstAt = firstSendOf(reader, seq, to)
    found.push({
      seq,
      what,
      fromMs: packets.timeMs(list[firstAt ?? from]),
      toMs: packets.timeMs(list[to]),
      ...(firstAt === undefined ? { idleMs: 0, inBurst: 0 } : placeOf(reader, firstAt)),
      unanswered: 0,
      isGap: false,
      isLast: seq === sent,
      packets: [...(firstAt === undefined ? [] : [firstAt]), ...shown].map((at) => list[at]),
      open: !closed,
    })
  }
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
      add(block, passedOver(reader, block, from, to), [to])
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

/** What became of a block that the ACK at `to` passed over. */
function passedOver(reader: Reader, seq: number, from: number, to: number): IncidentKind {
  const { packets, list, answerMs, medianMs } = reader
  const ms = packets.timeMs(list[to])
  let isSwapped = false
  for (let at = to + 1; at < list.length; at++) {
    const i = list[at]
    if (packets.timeMs(i) - ms > answerMs || offeredBy(packets, i) === seq) break
    const said = saidBy(packets, i)
    if (said === seq) isSwapped = true
    // The ACK that was due, written over by the one that pushed it out.
    if (said === packets.seq(list[to]) && packets.timeMs(i) - ms <= medianMs / 2) return 'held-ack'
  }
  if (isSwapped) return 'swapped'
  // The ACK of the block before came in its place.
  let repeatMs = -Infinity
  for (let at = from; at < to; at++) {
    const i = list[at]
    if (offeredBy(packets, i) === seq - 1) repeatMs = packets.timeMs(i)
    if (saidBy(packets, i) === seq - 1 && packets.timeMs(i) - repeatMs > answerMs) return 'stale'
  }
  return 'either'
}
