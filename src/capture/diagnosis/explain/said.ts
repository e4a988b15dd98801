/** What a packet says, as the stories have it. */
import type { CapturedPackets } from '../../contract.ts'
import { ERROR_SAID, REQUEST_SAID } from './client.ts'

/** DATA and ACK: the block. 0 for an OACK, REQUEST_SAID, ERROR_SAID; undefined for what no story speaks of. */
export function seqOf(packets: CapturedPackets, i: number): number | undefined {
  const kind = packets.kind(i)
  if (packets.fromClient(i))
    return kind === 'ack' ? packets.seq(i) : kind === 'rrq' ? REQUEST_SAID : kind === 'error' ? ERROR_SAID : undefined
  return kind === 'data' ? packets.seq(i) : kind === 'oack' ? 0 : undefined
}
