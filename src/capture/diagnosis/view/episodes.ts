/**
 * A transfer cut into episodes: each ends with the packet that moves it on, an ACK of a block that no ACK named before. In a healthy
 * lock-step transfer an episode is DATA n and ACK n. What went wrong shows inside the others.
 */
import type { CapturedPackets } from '../../contract.ts'

export interface Episode {
  /** Positions in the list of counting packets: `from` to `to`, both inside. */
  readonly from: number
  readonly to: number
  /** The last packet moved the transfer on; false for the last episode when nothing followed. */
  readonly closed: boolean
  /** The capture left packets out inside it. */
  readonly thinned: boolean
  /** The highest block of which DATA was seen before it, and at its end. */
  readonly sentBefore: number
  readonly sentAfter: number
  /** The highest block that an ACK named before it. */
  readonly ackedBefore: number
}

export function episodesOf(packets: CapturedPackets, list: Uint32Array): Episode[] {
  const episodes: Episode[] = []
  const acked = new Set<number>()
  let from = 0
  let sent = 0
  let sentBefore = 0
  let highestAcked = -1
  let thinned = false
  for (let at = 0; at < list.length; at++) {
    const i = list[at]
    if (packets.thinnedBefore(i) > 0) thinned = true
    const kind = packets.kind(i)
    if (kind === 'data') sent = Math.max(sent, packets.seq(i))
    if (kind !== 'ack') continue
    const seq = packets.seq(i)
    if (acked.has(seq)) continue
    acked.add(seq)
    episodes.push({ from, to: at, closed: true, thinned, sentBefore, sentAfter: sent, ackedBefore: highestAcked })
    highestAcked = Math.max(highestAcked, seq)
    from = at + 1
    sentBefore = sent
    thinned = false
  }
  if (from < list.length)
    episodes.push({
      from,
      to: list.length - 1,
      closed: false,
      thinned,
      sentBefore,
      sentAfter: sent,
      ackedBefore: highestAcked,
    })
  return episodes
}
