/** The network delivers packets twice: two identical ACKs at once, of a block that was sent once and without any pause before. */
import type { Rule } from '../rule.ts'
import { shown, type View } from '../view/view.ts'
import { certainty, packetsOf } from './certainty.ts'

const LEAST = 2
/** Copies follow each other at once, however long the way is. */
const TOGETHER_MS = 2

export const duplicate: Rule = {
  id: 'duplicate',
  title: 'packets are delivered twice on the way',
  advice:
    'Look for a loop, a second bridge between the same networks, or two mirrored ports. Serve it with a server that does not answer repeated ACKs with DATA.',
  find(view) {
    const twice = [...copiesOf(view), ...packetsOf(view.tally.of.copied)].sort((a, b) => a - b)
    if (twice.length < LEAST) return undefined
    const { total, of } = view.tally
    const others = total - of.stale.length - of.copied.length
    return {
      confidence: certainty(twice.length) * (twice.length / (twice.length + others)) ** 0.5,
      evidence: [
        shown(
          view,
          `${twice.length} ACKs came twice at once, or named a block before the last one that the device has, although each block was sent once`,
          twice,
        ),
      ],
    }
  },
}

/** The second one of each pair. */
function copiesOf({ packets, all: list, latencies, transfer }: View): number[] {
  const found: number[] = []
  const sent = new Map<number, number>()
  const leftAt = new Map<number, number>()
  const window = transfer.agreed.windowsize > 1
  const medianMs = latencies.medianMs ?? 0
  let before = -1
  for (let at = 0; at < list.length; at++) {
    const i = list[at]
    const kind = packets.kind(i)
    const seq = packets.seq(i)
    if (kind === 'data' && !packets.fromClient(i)) {
      sent.set(seq, (sent.get(seq) ?? 0) + 1)
      leftAt.set(seq, packets.timeMs(i))
    }
    if (kind !== 'ack' || !packets.fromClient(i)) continue
    const same = before >= 0 && packets.seq(list[before]) === seq
    const together = same && packets.timeMs(i) - packets.timeMs(list[before]) < Math.min(medianMs / 2, TOGETHER_MS)
    // The block behind is out: this may stand in the place of its ACK.
    const isDue = packets.timeMs(i) - (leftAt.get(seq + 1) ?? Infinity) > medianMs / 2
    const oneSent = (sent.get(seq) ?? 0) <= 1 && (!window || (sent.get(seq + 1) ?? 0) <= 1)
    // A gap in a window is named by more than one ACK.
    if (together && oneSent && !isDue && (!window || seq === highestAt(packets, list, before))) found.push(i)
    before = at
  }
  return found
}

/** The highest block that had left when this ACK came. */
function highestAt(packets: View['packets'], list: Uint32Array, position: number): number {
  for (let at = position - 1; at >= 0; at--) if (packets.kind(list[at]) === 'data') return packets.seq(list[at])
  return 0
}
