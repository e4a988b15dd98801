/** Blocks of a window that a capture away from the server lacks until the device asks for them: lost in front of it. */
import type { CapturedTransfer } from '../../contract.ts'

export interface Skipped {
  readonly seq: number
  /** Indices of the block that came in its place, of the ACK that asked for it, and of itself. */
  readonly shown: readonly number[]
}

/** More are not looked at: each is kept until it comes. */
const MOST_OPEN = 1024

/** A server sends a window in its order. A block that is overtaken comes by itself, and again when the device asked for it. */
export function skippedOf(
  { packets, agreed, direction, vantage, source, request }: CapturedTransfer,
  list: Uint32Array,
): Skipped[] {
  if (direction !== 'read' || agreed.windowsize === 1 || vantage.at === 'server' || source === 'trace') return []
  const open = new Map<number, { readonly at: number; askedAt: number | undefined }>()
  const found = new Map<number, Skipped>()
  let highest = 0
  let acked = 0
  for (const i of list) {
    const seq = packets.seq(i)
    const kind = packets.kind(i)
    if (packets.thinnedBefore(i) > 0) open.clear()
    if (kind === 'ack' && packets.fromClient(i)) {
      acked = Math.max(acked, seq)
      const next = open.get(seq + 1)
      // What the window lost behind that one comes again as well.
      if (next !== undefined) for (const one of open.values()) one.askedAt ??= i
    } else if (kind === 'data' && !packets.fromClient(i)) {
      const gap = open.get(seq)
      open.delete(seq)
      if (gap?.askedAt !== undefined) found.set(seq, { seq, shown: [gap.at, gap.askedAt, i] })
      // It came by itself, or more than once.
      else if (seq <= highest) found.delete(seq)
      if (seq > highest + 1 && (highest > 0 || request !== undefined) && seq <= acked + agreed.windowsize)
        for (let missing = highest + 1; missing < seq && open.size < MOST_OPEN; missing++)
          open.set(missing, { at: i, askedAt: undefined })
      highest = Math.max(highest, seq)
    }
  }
  return [...found.values()]
}
