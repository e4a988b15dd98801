/** A negotiated window: one ACK for each, at its end, or of the last block before a gap. */
import type { Episode } from './episodes.ts'
import type { Incident, IncidentKind } from './incident.ts'
import { offeredBy, placeOf, type Reader, saidBy } from './reader.ts'

export function readWindow(reader: Reader, episode: Episode): Incident[] {
  const { packets, list, timer, stallMs, answerMs, medianMs } = reader
  const { from, to, closed, ackedBefore } = episode
  const at = (position: number): number => packets.timeMs(list[position])
  const base = Math.max(0, ackedBefore)
  let sent = episode.sentBefore
  let firstAt: number | undefined
  let lastNewAt: number | undefined
  const repeats: number[] = []
  /** A copy of the ACK that began the window: too early for an answer. */
  const hasCrossed = (p: number): boolean =>
    firstAt !== undefined && at(p) - at(firstAt) < medianMs / 2 && !timer.positions.has(p)
  const said: number[] = []
  for (let p = from; p <= to; p++) {
    const offered = offeredBy(packets, list[p])
    if (offered !== undefined && offered > 0) {
      // It goes back behind the last ACK: all from there on leaves anew.
      if (firstAt === undefined && offered === base + 1) sent = base
      if (offered > sent) {
        sent = offered
        firstAt ??= p
        lastNewAt = p
      } else if (offered > base) repeats.push(p)
    } else if (saidBy(packets, list[p]) !== undefined && p < to && !hasCrossed(p)) said.push(p)
  }
  const make = (seq: number, what: IncidentKind, shown: readonly number[]): Incident => {
    const sentAt = sendOf(reader, seq, to)
    return {
      seq,
      what,
      fromMs: at(sentAt ?? from),
      toMs: at(to),
      ...(sentAt === undefined ? { idleMs: 0, inBurst: 0 } : placeOf(reader, sentAt)),
      unanswered: 0,
      isGap: what === 'data' && repeats.length === 0,
      isLast: seq === sent,
      packets: [...(sentAt === undefined ? [] : [sentAt]), ...shown].map((p) => list[p]),
      open: !closed,
    }
  }
  const window = reader.transfer.agreed.windowsize
  if (!closed) {
    if (repeats.length === 0) return []
    const spoke = said.findLast((p) => timer.positions.has(p))
    if (spoke === undefined) return [make(sent, 'either', repeats)]
    return [make(sent, saidBy(packets, list[spoke]) === sent ? 'ack' : 'data', [spoke])]
  }
  const seq = packets.seq(list[to])
  const isEnd = seq - base >= window || seq === reader.transfer.blocks.final
  if (repeats.length === 0) {
    if (seq >= sent || isEnd) {
      const waitedMs = lastNewAt === undefined ? 0 : at(to) - at(lastNewAt)
      return waitedMs > stallMs && !timer.positions.has(to) && seq === sent ? [make(seq, 'late', [to])] : []
    }
    // The client names the last block before a gap.
    const gap = make(seq + 1, hasMore(reader, to, sent) ? 'copied' : 'data', [to])
    // Its place is behind the blocks that this window brought.
    return [{ ...gap, inBurst: seq - base }]
  }
  // Something was sent again. The first thing that the client says tells where it stood.
  const first = said.find((p) => p > repeats[0] || timer.positions.has(p)) ?? to
  const stood = saidBy(packets, list[first]) ?? 0
  if (timer.positions.has(first)) return [make(stood + 1, stood >= sent ? 'ack' : 'data', [first])]
  const offeredLast = repeats.findLast((p) => p < first)
  const isQuick = offeredLast !== undefined && at(first) - at(offeredLast) <= answerMs + medianMs
  if (!isQuick && first !== to) return []
  // The repeats up to here could not have brought it this far: it had these blocks already.
  const highestRepeat = Math.max(...repeats.filter((p) => p < first).map((p) => packets.seq(list[p])), 0)
  if (stood > base && stood > highestRepeat) return [make(stood, 'ack', [first])]
  if (said.some((p) => saidBy(packets, list[p]) === base && p < repeats[0])) return [make(base + 1, 'data', [said[0]])]
  if (stood === base) return [make(base + 1, 'data', [first])]
  return [make(stood, stood < sent && stood < highestRepeat ? 'data' : 'either', [first])]
}

/** The client said right behind it that it has the whole window. */
function hasMore({ packets, list, medianMs }: Reader, to: number, sent: number): boolean {
  for (let p = to + 1; p < list.length && packets.timeMs(list[p]) - packets.timeMs(list[to]) < medianMs / 2; p++)
    if ((saidBy(packets, list[p]) ?? 0) >= sent) return true
  return false
}

function sendOf({ packets, list }: Reader, seq: number, before: number): number | undefined {
  let first: number | undefined
  for (let p = before; p >= 0 && before - p < MOST_BACK; p--) if (offeredBy(packets, list[p]) === seq) first = p
  return first
}

const MOST_BACK = 1000
