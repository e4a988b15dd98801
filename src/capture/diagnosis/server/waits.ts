/** How long a server waits before it repeats a block, as the capture shows it. */
import type { View } from '../view/view.ts'
import { offeredBy } from '../view/reader.ts'

export interface ServerWait {
  /** 0 for the wait before the first repeat of a block, then 1, 2, … */
  readonly nth: number
  /** The same for a server whose count goes on when the client repeats itself. */
  readonly nthInAll: number
  readonly ms: number
  /** The client had acknowledged a block before. */
  readonly isBegun: boolean
  /** Index of the packet that ends it. */
  readonly packet: number
}

/**
 * Only waits in which the client said nothing: a packet starts the wait of some servers again. A request that is repeated makes many servers begin once
 * more beside the first time: until the client takes one of them, what they repeat is mixed.
 */
export function serverWaits({ packets, list: all, latencies }: View): ServerWait[] {
  const waits: ServerWait[] = []
  const leastMs = LEAST_MEDIANS * (latencies.medianMs ?? 0)
  let quiet = new Map<number, { ms: number; nth: number; copies: number }>()
  /** How often each block left by a timer, whatever the client said meanwhile. */
  const repeats = new Map<number, number>()
  const sent = new Set<number>()
  let requests = 0
  /** Packets of the client behind the last one of the server. */
  let heard = 0
  let isHeardLast = false
  let acked = -1
  /** The client spoke last by its timer, and that of the server may be due as well. */
  let isRepeated = false
  for (const i of all) {
    if (packets.kind(i) === 'rrq') requests++
    else if (packets.fromClient(i)) requests = 1
    if (packets.fromClient(i) || packets.thinnedBefore(i) > 0) quiet = new Map()
    if (packets.fromClient(i)) heard = isHeardLast ? heard + 1 : 1
    isHeardLast = packets.fromClient(i)
    if (packets.kind(i) === 'ack') {
      isRepeated = packets.seq(i) <= acked
      acked = Math.max(acked, packets.seq(i))
    }
    const seq = offeredBy(packets, i)
    if (seq === undefined || requests > 1) continue
    const ms = packets.timeMs(i)
    const before = quiet.get(seq)
    // Of several packets of the client that came together each may have its own answer.
    const isAnswer = before !== undefined && (before.copies < heard || isRepeated) && ms - before.ms <= ANSWERED_MS
    const nthInAll = repeats.get(seq) ?? 0
    if (before !== undefined && !isAnswer && ms - before.ms >= leastMs)
      waits.push({ nth: before.nth, nthInAll, ms: ms - before.ms, isBegun: acked > 0, packet: i })
    if (!sent.has(seq)) sent.add(seq)
    else if (!isAnswer) repeats.set(seq, nthInAll + 1)
    const nth = before === undefined ? 0 : isAnswer ? before.nth : before.nth + 1
    quiet.set(seq, { ms, nth, copies: (before?.copies ?? 0) + 1 })
  }
  return waits
}

/** A copy that follows at once is no repeat. */
const LEAST_MEDIANS = 1.5
/** A busy server may take as long for an answer. */
const ANSWERED_MS = 40
