/** What a captured transfer shows of the device, in the words of the profiles. */
import { observeBehaviour, type SeenBehaviour, type Sighting } from '../profile/behaviour.ts'
import { type CapturedTransfer, PACKET_FLAG } from './contract.ts'

/** Behaviour of the client of a read; an upload shows none. A window that was negotiated leaves blocks unacknowledged by design. */
export function behaviourOf({ direction, packets, agreed, vantage }: CapturedTransfer): SeenBehaviour {
  // Taken at the client, the order of packets is not the one in which the server's arrive.
  if (direction !== 'read' || agreed.windowsize > 1 || vantage.at === 'client') return {}
  const sightings: Sighting[] = []
  for (let i = 0; i < packets.length; i++) {
    // Behind a gap in the store nothing follows from what stands before it.
    if (packets.thinnedBefore(i) > 0 && i > 0) break
    const kind = packets.kind(i)
    if ((kind !== 'data' && kind !== 'ack' && kind !== 'error') || (packets.flags(i) & PACKET_FLAG.copy) !== 0) continue
    if (kind === 'data' ? packets.fromClient(i) : !packets.fromClient(i)) continue
    sightings.push({ ms: packets.timeMs(i), kind, seq: packets.seq(i) })
  }
  return observeBehaviour(sightings)
}
