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

/** Only waits in which the client said nothing: a packet starts the wait of some servers again. */
export function serverWaits({ packets, list: all, latencies }: View): ServerWait[] {
  const waits: ServerWait[] = []
  const leastMs = LEAST_MEDIANS * (latencies.medianMs ?? 0)
  let quiet = new Map<number, { ms: number; nth: number }>()
  for (const i of all) {
    if (packets.fromClient(i) || packets.thinnedBefore(i) > 0) quiet = new Map()
    const seq = offeredBy(packets, i)
    if (seq === undefined) continue
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
