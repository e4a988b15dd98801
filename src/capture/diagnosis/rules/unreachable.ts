import { MAX_EVIDENCE_PACKETS } from '../contract.ts'
import type { Rule } from '../rule.ts'

const MEANINGS: ReadonlySet<string> = new Set(['port-unreachable', 'host-unreachable', 'net-unreachable', 'prohibited'])

export const unreachable: Rule = {
  id: 'unreachable',
  title: 'a host or router says that packets of this transfer cannot be delivered',
  advice:
    'Port unreachable from the device: it gave up or started again. From the server: no TFTP server listens there. Prohibited: a firewall forbids it; let UDP port 69 in and the answers out.',
  find({ transfer }) {
    if (transfer.outcome.type === 'complete') return undefined
    const found = transfer.sideEvents.filter((event) => event.type === 'icmp' && MEANINGS.has(event.meaning))
    if (found.length === 0) return undefined
    return {
      confidence: 0.9,
      // A device or a server that had answered before is gone for another reason.
      isConsequence: transfer.blocks.highestAcknowledged > 0,
      evidence: [
        {
          text: found.length === 1 ? 'an ICMP message says so' : `${found.length} ICMP messages say so`,
          packets: found.slice(0, MAX_EVIDENCE_PACKETS).map(({ number }) => number),
        },
      ],
    }
  },
}
