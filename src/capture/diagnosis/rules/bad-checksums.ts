import { MAX_EVIDENCE_PACKETS, type Evidence } from '../contract.ts'
import { PACKET_FLAG } from '../../contract.ts'
import type { Rule } from '../rule.ts'

export const badChecksums: Rule = {
  id: 'bad-checksums',
  title: 'packets arrive with a wrong UDP checksum, and their receiver drops them',
  advice:
    'Something changes packets on the way or in the sender: faulty memory, a driver that sends before the bytes are there, or a router that rewrites addresses badly. Capture at the other end and compare one packet.',
  find({ transfer, packets }) {
    const { client, server } = transfer.checksums
    if (client.bad + server.bad === 0) return undefined
    const numbers: number[] = []
    for (let i = 0; i < packets.length && numbers.length < MAX_EVIDENCE_PACKETS; i++)
      if ((packets.flags(i) & PACKET_FLAG.badChecksum) !== 0) numbers.push(packets.number(i))
    const evidence: Evidence[] = [
      {
        text: `${client.bad} packets of the device and ${server.bad} of the server have a wrong checksum`,
        packets: numbers,
      },
    ]
    return { confidence: 0.95, evidence }
  },
}
