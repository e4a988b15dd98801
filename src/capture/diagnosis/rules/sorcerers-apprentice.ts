/** A server that answers each repeated ACK with DATA: one copy makes the next, to the end of the file. */
import type { Rule } from '../rule.ts'
import { shown, type View } from '../view/view.ts'

/** A row of blocks that a chance loss does not make. */
const LEAST_IN_A_ROW = 8

export const sorcerersApprentice: Rule = {
  id: 'sorcerers-apprentice',
  title: 'the server answers repeated ACKs with DATA, and every block travels twice or more',
  advice:
    'Use a server that ignores repeated ACKs (RFC 1123 section 4.2.3.1); with atftpd start it with --prevent-sas.',
  isConsequence: true,
  find(view) {
    const row = longestRow(view)
    if (row.length < LEAST_IN_A_ROW) return undefined
    return {
      confidence: Math.min(0.95, 0.7 + row.length / 200),
      evidence: [
        shown(view, `${row.length} blocks in a row were sent again at once because an ACK came twice`, row),
        {
          text: `${view.transfer.blocks.datagrams} packets of DATA for ${view.transfer.blocks.sent} blocks`,
          packets: [],
        },
      ],
    }
  },
}

/** Repeats that a repeated ACK brought at once, of block after block. */
function longestRow({ packets, list: all, latencies, transfer }: View): number[] {
  if (transfer.agreed.windowsize > 1) return []
  const atOnceMs = (latencies.medianMs ?? 0) / 4
  let longest: number[] = []
  let row: number[] = []
  let acked = -1
  let repeatMs = -Infinity
  let rowSeq = -1
  const sent = new Set<number>()
  for (const i of all) {
    const seq = packets.seq(i)
    const kind = packets.kind(i)
    if (kind === 'ack') {
      if (seq <= acked) repeatMs = packets.timeMs(i)
      acked = Math.max(acked, seq)
    } else if (kind === 'data' && !sent.has(seq)) sent.add(seq)
    else if (kind === 'data' && packets.timeMs(i) - repeatMs <= atOnceMs) {
      if (seq > rowSeq + 1) row = []
      if (seq !== rowSeq) row.push(i)
      rowSeq = seq
      if (row.length > longest.length) longest = row
    }
  }
  return longest
}
