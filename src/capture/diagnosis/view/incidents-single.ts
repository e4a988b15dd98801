/** One block is out at a time: what happened between its DATA and its ACK. */
import type { Episode } from './episodes.ts'
import type { Incident, IncidentKind } from './incident.ts'
import { offeredBy, placeOf, type Reader, saidBy } from './reader.ts'

export function readSingle(reader: Reader, episode: Episode): Incident[] {
  const story = storyOf(reader, episode)
  if (story === undefined) return []
  const what = kindOf(reader, episode, story)
  if (what === undefined) return []
  const { packets, list } = reader
  const shown = [...story.sends, ...story.said].sort((a, b) => a - b).map((at) => list[at])
  return [
    {
      seq: story.seq,
      what,
      fromMs: packets.timeMs(list[story.sends[0]]),
      toMs: packets.timeMs(list[episode.to]),
      ...placeOf(reader, story.sends[0]),
      unanswered: story.unanswered,
      packets: shown,
      isGap: false,
      isLast: true,
      open: !episode.closed,
    },
  ]
}

/** Positions of the packets of an episode, sorted by what they are. */
interface Story {
  readonly seq: number
  /** DATA of the block. */
  readonly sends: readonly number[]
  /** DATA of other blocks behind the first of these. */
  readonly others: readonly number[]
  /** Packets of the client behind the first of these. */
  readonly said: readonly number[]
  readonly unanswered: number
}

function storyOf({ packets, list, answerMs }: Reader, { from, to, sentAfter }: Episode): Story | undefined {
  const sends: number[] = []
  const others: number[] = []
  const said: number[] = []
  for (let at = from; at <= to; at++) {
    const offered = offeredBy(packets, list[at])
    if (offered === sentAfter) sends.push(at)
    else if (sends.length === 0) continue
    else if (offered !== undefined) others.push(at)
    else if (saidBy(packets, list[at]) !== undefined) said.push(at)
  }
  if (sends.length === 0) return undefined
  let unanswered = 0
  for (const at of sends.slice(1)) {
    const ms = packets.timeMs(list[at])
    if (!said.some((s) => s > at && packets.timeMs(list[s]) - ms <= answerMs)) unanswered++
  }
  return { seq: sentAfter, sends, others, said, unanswered }
}

function kindOf(reader: Reader, episode: Episode, story: Story): IncidentKind | undefined {
  const { packets, list, timer, medianMs, answerMs } = reader
  const at = (position: number): number => packets.timeMs(list[position])
  const { sends, said, others, seq } = story
  const firstMs = at(sends[0])
  // The first packet was answered in the usual time: what either side repeated meanwhile was too early, on a slow link.
  if (episode.closed && at(episode.to) - firstMs <= USUAL_MEDIANS * medianMs) return undefined
  const behind = said.filter((s) => (saidBy(packets, list[s]) ?? 0) < seq)
  // A copy of an ACK crosses the DATA that the ACK brought.
  const isLate = (s: number): boolean => at(s) - firstMs > medianMs / 2 && at(s) - firstMs <= answerMs
  const stale = behind.find((s) => isLate(s) && saidBy(packets, list[s]) === seq - 1 && !timer.positions.has(s))
  if (stale !== undefined && others.length === 0) return 'stale'
  if (behind.some((s) => timer.positions.has(s))) return isDoubled(reader, episode) ? 'held-data' : 'data'
  if (!episode.closed) return openKind(reader, story)
  if (timer.positions.has(episode.to)) return isDoubled(reader, episode) ? 'held-ack' : 'ack'
  if (timer.doubtful.has(episode.to))
    return copiesOf(reader, episode) > (ignoresRepeats(reader) ? 0 : 1) ? 'held-ack' : 'ack'
  const lastSend = sends.findLast((s) => s < episode.to)
  const waitedMs = lastSend === undefined ? 0 : at(episode.to) - at(lastSend)
  if (sends.length === 1) return waitedMs > reader.stallMs ? 'late' : undefined
  if (isPushed(reader, episode, story)) return 'held-ack'
  if (isDoubled(reader, episode)) return 'held'
  const nudged = others.some((o) => said.some((s) => s > o && saidBy(packets, list[s]) === packets.seq(list[o])))
  if (nudged) return 'ack'
  return waitedMs > answerMs ? 'late' : 'either'
}

/** U-Boot 1.1.x, by its request. Others may answer the repeat, and their timer a moment later. */
function ignoresRepeats({ transfer }: Reader): boolean {
  const options = transfer.request?.options ?? []
  return options.length === 1 && options[0].name.toLowerCase() === 'timeout'
}

const USUAL_MEDIANS = 1.5

/** It never moved on: only the client's timer tells more. */
function openKind({ packets, list, timer }: Reader, { sends, said, seq }: Story): IncidentKind | undefined {
  if (sends.length === 1) return undefined
  const spoke = said.find((s) => timer.positions.has(s))
  if (spoke === undefined) return 'either'
  return (saidBy(packets, list[spoke]) ?? -1) < seq ? 'data' : 'ack'
}

/** Its ACK came as the answer to another block, long after its own last repeat. */
function isPushed({ packets, list, answerMs }: Reader, { to }: Episode, { sends, others }: Story): boolean {
  const at = (position: number): number => packets.timeMs(list[position])
  const other = others.at(-1)
  const last = sends.at(-1)
  if (other === undefined || last === undefined || other < last) return false
  return at(to) - at(other) <= answerMs && at(to) - at(last) > answerMs
}

/** The ACK that ended it came twice at once. */
export function isDoubled(reader: Reader, episode: Episode): boolean {
  return copiesOf(reader, episode) > 0
}

/** How many more of the ACK that ended it came with it. */
function copiesOf({ packets, list, medianMs }: Reader, { to }: Episode): number {
  let copies = 0
  const ms = packets.timeMs(list[to])
  const seq = packets.seq(list[to])
  for (let at = to + 1; at < list.length; at++) {
    const i = list[at]
    if (packets.timeMs(i) - ms > medianMs / 2) break
    if (saidBy(packets, i) === seq) copies++
  }
  return copies
}
