/** The packets of a trace as points of a plot: block over time. */
import { seqNear } from '../../src/packet/block.ts'
import type { TraceEntry } from './wire.ts'

/** One array of times and one of blocks for each kind of packet; null where the packet is of another kind. */
export interface TracePoints {
  /** Seconds since the request. */
  readonly seconds: number[]
  readonly sent: (number | null)[]
  readonly acknowledged: (number | null)[]
  readonly again: (number | null)[]
  readonly error: (number | null)[]
  /** Times without a new acknowledgement. */
  readonly stalls: readonly Stall[]
}

export interface Stall {
  readonly fromSec: number
  readonly toSec: number
  /** The highest block that was acknowledged then. */
  readonly block: number
}

export interface TraceOf {
  readonly direction: 'read' | 'write'
  readonly blocks: number
  readonly rollover: 0 | 1
  readonly trace: readonly TraceEntry[]
}

/** A pause this many times as long as the usual one between two acknowledgements is a stall, */
const STALL_FACTOR = 20
/** and one that a person would not notice is none. */
const STALL_LEAST_SEC = 0.15

export function tracePoints({ trace, direction, blocks, rollover }: TraceOf): TracePoints {
  const isRead = direction === 'read'
  const points: Omit<TracePoints, 'stalls'> = { seconds: [], sent: [], acknowledged: [], again: [], error: [] }
  const add = (ms: number, kind: 'sent' | 'acknowledged' | 'again' | 'error', block: number): void => {
    points.seconds.push(ms / 1000)
    for (const key of ['sent', 'acknowledged', 'again', 'error'] as const) points[key].push(key === kind ? block : null)
  }
  let highest = blockBefore(trace, isRead, blocks, rollover)
  let from = 0
  for (const { ms, kind, number, sent } of trace) {
    if (kind === 'error') add(ms, 'error', highest)
    if (kind === 'ack' && sent !== isRead) add(ms, 'acknowledged', seqNear(number, highest, rollover))
    if ((kind !== 'data' && kind !== 'through') || sent !== isRead) continue
    const seq = isRead ? number : seqNear(number, highest, rollover)
    for (let block = kind === 'through' ? from + 1 : seq; block <= seq; block++) {
      add(ms, block <= highest ? 'again' : 'sent', block)
      highest = Math.max(highest, block)
    }
    from = seq
  }
  return { ...points, stalls: stallsOf(points) }
}

/** The block before the first one of the trace: of a long transfer only the last packets are kept. */
function blockBefore(trace: readonly TraceEntry[], isRead: boolean, blocks: number, rollover: 0 | 1): number {
  const first = trace.find(({ kind, sent }) => kind === 'data' && sent === isRead)
  if (first === undefined) return 0
  return Math.max(0, (isRead ? first.number : seqNear(first.number, blocks, rollover)) - 1)
}

function stallsOf({ seconds, acknowledged }: Pick<TracePoints, 'seconds' | 'acknowledged'>): Stall[] {
  const progress: { sec: number; block: number }[] = []
  for (const [index, block] of acknowledged.entries()) {
    const last = progress.at(-1)
    if (block !== null && (last === undefined || block > last.block)) progress.push({ sec: seconds[index], block })
  }
  if (progress.length === 0) return []
  // What was sent after the last acknowledgement waits for the next.
  const end = seconds.at(-1) ?? 0
  const steps = progress.map(({ sec, block }, index) => ({
    fromSec: sec,
    toSec: progress[index + 1]?.sec ?? end,
    block,
  }))
  const lengths = steps.map(({ fromSec, toSec }) => toSec - fromSec).toSorted((a, b) => a - b)
  const usual = lengths[Math.floor((lengths.length - 1) / 2)]
  const limit = Math.max(STALL_LEAST_SEC, usual * STALL_FACTOR)
  return steps.filter(({ fromSec, toSec }) => toSec - fromSec >= limit)
}

/** What the plot shows, for those who do not see it. */
export function plotText({ seconds, sent, acknowledged, again, stalls }: TracePoints): string {
  const count = (list: readonly (number | null)[]): number =>
    list.reduce<number>((sum, one) => sum + (one === null ? 0 : 1), 0)
  const span = seconds.length === 0 ? 0 : seconds[seconds.length - 1] - seconds[0]
  const longest = stalls.reduce((most, { fromSec, toSec }) => Math.max(most, toSec - fromSec), 0)
  const pauses =
    stalls.length === 0
      ? 'no pause'
      : `${stalls.length === 1 ? 'one pause' : `${stalls.length} pauses`}, the longest ${longest.toFixed(2)} seconds behind block ${stalls.find(({ fromSec, toSec }) => toSec - fromSec === longest)?.block ?? 0}`
  return `Block over time, ${span.toFixed(2)} seconds: ${count(sent)} blocks sent, ${count(acknowledged)} acknowledgements, ${count(again)} repeats, ${pauses}.`
}
