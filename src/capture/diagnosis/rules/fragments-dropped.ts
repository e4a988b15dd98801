import { MAX_EVIDENCE_PACKETS } from '../contract.ts'
import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'

/** What any path carries whole: the blocks of RFC 1350. */
const PLAIN_BLKSIZE = 512
const LEAST_REPEATS = 2

export const fragmentsDropped: Rule = {
  id: 'fragments-dropped',
  title: 'packets of the agreed block size do not get through: the path carries smaller ones only, or loses fragments',
  advice:
    'Grant a smaller block size on the server (1428 for Ethernet, 1280 or 512 behind a tunnel). Then look for what carries less than its neighbours: a tunnel, a wrong MTU, or a router that drops fragments.',
  find(view) {
    const { transfer, packets, list } = view
    const missing = transfer.sideEvents.filter((e) => e.type === 'fragments-missing' && e.reason === 'missing')
    const needed = transfer.sideEvents
      .filter((e) => e.type === 'icmp')
      .filter((e) => e.meaning === 'fragmentation-needed')
    if (missing.length > 0 || needed.length > 0) {
      const seen = [...missing, ...needed].slice(0, MAX_EVIDENCE_PACKETS).map(({ number }) => number)
      return {
        confidence: 0.95,
        evidence: [
          {
            text:
              needed.length > 0
                ? `a router says that the packet is too large${mtuText(needed)}`
                : 'first fragments came, and the others did not',
            packets: seen,
          },
        ],
      }
    }
    const { agreed, blocks } = transfer
    if (transfer.direction !== 'read' || agreed.blksize <= PLAIN_BLKSIZE || blocks.highestAcknowledged > 0)
      return undefined
    const answered = [...list].filter((i) => packets.fromClient(i) && packets.kind(i) === 'ack')
    const sends = [...list].filter((i) => packets.kind(i) === 'data' && packets.seq(i) === 1)
    // A server that sent it once or twice and then nothing more shows less: any one packet may be lost.
    const isAskedFor = sends.length > 0 && answered.length > LEAST_REPEATS
    if (answered.length === 0 || (sends.length <= LEAST_REPEATS && !isAskedFor)) return undefined
    const tries = sends.length === 1 ? 'one try' : `${sends.length} tries`
    return {
      confidence: sends.length > LEAST_REPEATS ? 0.8 : 0.4,
      evidence: [
        shown(
          view,
          `the short packets of both sides arrive, and block 1 of ${agreed.blksize} bytes never does, in ${tries}`,
          sends,
        ),
        shown(view, 'the device has acknowledged the options', answered),
      ],
      tellApart: 'Serve it once with a block size of 512: if that works, it is the size.',
    }
  },
}

function mtuText(needed: readonly { readonly mtuBytes: number | undefined }[]): string {
  const mtuBytes = needed.find((event) => event.mtuBytes !== undefined && event.mtuBytes > HEADERS_BYTES)?.mtuBytes
  return mtuBytes === undefined
    ? ''
    : `: it carries ${mtuBytes} bytes, which is a block size of ${mtuBytes - HEADERS_BYTES} at the most`
}

/** IPv4, UDP and TFTP. */
const HEADERS_BYTES = 32
