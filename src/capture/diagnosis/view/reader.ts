/** How the readers of episodes look at packets. */
import type { CapturedPackets, CapturedTransfer } from '../../contract.ts'
import type { ClientTimer } from './client-timer.ts'

/** What the readers of episodes share. */
export interface Reader {
  readonly transfer: CapturedTransfer
  readonly packets: CapturedPackets
  readonly list: Uint32Array
  readonly medianMs: number
  /** An answer comes within this. */
  readonly answerMs: number
  readonly stallMs: number
  readonly timer: ClientTimer
}

/** What a server's packet offers: a block, or 0 for the OACK. Undefined for what is neither. */
export function offeredBy(packets: CapturedPackets, i: number): number | undefined {
  if (packets.fromClient(i)) return undefined
  const kind = packets.kind(i)
  return kind === 'data' ? packets.seq(i) : kind === 'oack' ? 0 : undefined
}

/** What a client's packet says that it has; a request is -1. Undefined for what is neither. */
export function saidBy(packets: CapturedPackets, i: number): number | undefined {
  if (!packets.fromClient(i)) return undefined
  const kind = packets.kind(i)
  return kind === 'ack' ? packets.seq(i) : kind === 'rrq' ? -1 : undefined
}

/** How long the wire to the client was quiet before this packet of the server, and how many packets left right before it. */
export function placeOf({ packets, list, medianMs }: Reader, position: number): { idleMs: number; inBurst: number } {
  const gapMs = medianMs / 4
  let inBurst = 0
  let idleMs = Infinity
  let laterMs = packets.timeMs(list[position])
  for (let at = position - 1; at >= 0; at--) {
    const i = list[at]
    if (packets.fromClient(i)) {
      // An ACK between two packets of a burst does not end it.
      continue
    }
    const ms = packets.timeMs(i)
    const waitedMs = laterMs - ms
    if (idleMs === Infinity) idleMs = waitedMs
    if (waitedMs > gapMs) break
    inBurst++
    laterMs = ms
  }
  return { idleMs, inBurst }
}
