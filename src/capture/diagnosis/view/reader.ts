/** How a server's packets are looked at. */
import type { CapturedPackets } from '../../contract.ts'

/** What a server's packet offers: a block, or 0 for the OACK. Undefined for what is neither. */
export function offeredBy(packets: CapturedPackets, i: number): number | undefined {
  if (packets.fromClient(i)) return undefined
  const kind = packets.kind(i)
  return kind === 'data' ? packets.seq(i) : kind === 'oack' ? 0 : undefined
}
