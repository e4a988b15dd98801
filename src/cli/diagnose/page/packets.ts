/** The packets of a transfer as the page carries them: whole numbers, most of them as the difference to the packet before. */
import { type CapturedPackets, PACKET_FLAG, PACKET_KIND } from '../../../capture/index.ts'

/** Packets that a page has of one transfer. More of them lie on top of each other in the plot and make the page slow. */
export const MAX_PAGE_PACKETS = 40_000
/** Numbers of a packet in `PagePackets.rows`. */
export const ROW = ['number', 'us', 'what', 'seq', 'bytes', 'left'] as const
/** Bits of `what`: the kind below, then who sent it, then `PACKET_FLAG`. */
const FROM_CLIENT_BIT = 3
const FLAGS_BIT = 4
/** Packets on each side of evidence that explain it; the page's script shows as many. */
const AROUND = 12

export interface PagePackets {
  /** Flat, `ROW` after `ROW`. `number`, `us` and `seq` count from the packet before; `left`: packets left out before this one. */
  readonly rows: readonly number[]
  readonly seen: number
}

/** Packets whose numbers are in `wanted` are always among them, with those around them. */
export function pagePackets(packets: CapturedPackets, wanted: ReadonlySet<number>): PagePackets {
  const rows: number[] = []
  let number = 0
  let us = 0
  let seq = 0
  let left = 0
  const isKept = chooser(packets, wanted)
  for (let i = 0; i < packets.length; i++) {
    left += packets.thinnedBefore(i)
    if (!isKept(i)) {
      left++
      continue
    }
    const atUs = Math.round(packets.timeMs(i) * 1000)
    const kind = packets.kind(i)
    const what =
      PACKET_KIND[kind] | (packets.fromClient(i) ? 1 << FROM_CLIENT_BIT : 0) | (packets.flags(i) << FLAGS_BIT)
    // An ERROR's code takes the place of a block.
    const at = kind === 'error' ? packets.block(i) : packets.seq(i)
    rows.push(packets.number(i) - number, atUs - us, what, at - seq, packets.payloadBytes(i), left)
    number = packets.number(i)
    us = atUs
    seq = at
    left = 0
  }
  return { rows, seen: packets.seen }
}

/** Half of the room is for packets at equal distances, half for those that tell something: repeats, errors, ends of a silence. */
function chooser(packets: CapturedPackets, wanted: ReadonlySet<number>): (i: number) => boolean {
  if (packets.length <= MAX_PAGE_PACKETS) return () => true
  const step = Math.ceil((2 * packets.length) / MAX_PAGE_PACKETS)
  const silence = (2 * (packets.timeMs(packets.length - 1) - packets.timeMs(0))) / MAX_PAGE_PACKETS
  const gap = (i: number): number => (i <= 0 || i >= packets.length ? 0 : packets.timeMs(i) - packets.timeMs(i - 1))
  const near = around(packets, wanted)
  let room = MAX_PAGE_PACKETS / 2
  return (i) => {
    if (i % step === 0 || i === packets.length - 1 || near.has(i)) return true
    const kind = packets.kind(i)
    const isTelling =
      (packets.flags(i) & PACKET_FLAG.repeat) !== 0 ||
      (kind !== 'data' && kind !== 'ack') ||
      gap(i) > silence ||
      gap(i + 1) > silence
    return isTelling && room-- > 0
  }
}

function around(packets: CapturedPackets, wanted: ReadonlySet<number>): ReadonlySet<number> {
  const near = new Set<number>()
  for (let i = 0; i < packets.length; i++)
    if (wanted.has(packets.number(i))) for (let at = i - AROUND; at <= i + AROUND; at++) near.add(at)
  return near
}
