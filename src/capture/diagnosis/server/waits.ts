/** How long a server waits before it repeats a block, as the capture shows it. */
import type { View } from '../view/view.ts'
import { offeredBy } from '../view/reader.ts'

export interface ServerWait {
  /** 0 for the wait before the first repeat of a block, then 1, 2, … */
  readonly nth: number
  readonly ms: number
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
  let quiet = new Map<number, { ms: number; nth: number }>()
  let requests = 0
  for (const i of all) {
    if (packets.kind(i) === 'rrq') requests++
    else if (packets.fromClient(i)) requests = 1
    if (packets.fromClient(i) || packets.thinnedBefore(i) > 0) quiet = new Map()
    const seq = offeredBy(packets, i)
    if (seq === undefined || requests > 1) continue
    const ms = packets.timeMs(i)
    const before = quiet.get(seq)
    if (before !== undefined && ms - before.ms >= leastMs)
      waits.push({ nth: before.nth, ms: ms - before.ms, packet: i })
    quiet.set(seq, { ms, nth: before === undefined ? 0 : before.nth + 1 })
  }
  return waits
}

/** A copy that follows at once is no repeat. */
const LEAST_MEDIANS = 1.5
