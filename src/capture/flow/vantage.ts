/** Where a capture was taken, deduced from what only the sending host's frames look like. */
import type { Vantage, VantageReason } from '../contract.ts'
import type { SideFacts } from './side-facts.ts'

type Side = 'client' | 'server'

/** Near one side the capture sees it answer this many times faster than the other. A factor of three is the speed of the devices. */
const FASTER = 8

export function vantageOf(client: SideFacts, server: SideFacts, isLoopback: boolean): Vantage {
  const offload = offloadOf(client, server)
  const found: (readonly [Side, VantageReason])[] = []
  const tell = (side: Side | undefined, reason: VantageReason) => {
    if (side !== undefined) found.push([side, reason])
  }
  tell(offload, 'checksum-offload')
  tell(marked(client, server), 'frame-direction')
  tell(only(client.segmented > 0, server.segmented > 0), 'segmentation-offload')
  tell(unpadded(client, server), 'padding')
  tell(faster(client, server), 'latency')
  // On loopback a host speaks to itself: the capture sees what the server sees, and what the client does.
  if (isLoopback) return { at: 'server', because: ['loopback'], offload }
  if (found.length === 0)
    return bothPadded(client, server)
      ? { at: 'middle', because: ['padding'], offload }
      : { at: 'unknown', because: [], offload }
  const [at] = found[0]
  return { at, because: found.filter(([side]) => side === at).map(([, reason]) => reason), offload }
}

/** The side whose checksums are not computed yet; undefined for none, and for both (two virtual machines of one host). */
export function offloadOf(client: SideFacts, server: SideFacts): Side | undefined {
  return only(isOffloaded(client, server), isOffloaded(server, client))
}

/**
 * Whether a side's wrong checksums are its card's to repair: most have the pseudo header's sum, or all are wrong and the other side answers
 * all the same.
 */
export function isOffloaded(side: SideFacts, other: SideFacts): boolean {
  if (side.offloaded > 0 && side.offloaded >= side.bad) return true
  return side.bad >= 2 && side.good === 0 && other.packets > 0
}

function marked(client: SideFacts, server: SideFacts): Side | undefined {
  const isHere = (side: SideFacts, other: SideFacts) => side.sentHere > 0 && other.sentHere === 0
  return only(isHere(client, server), isHere(server, client))
}

function unpadded(client: SideFacts, server: SideFacts): Side | undefined {
  // Virtual networks pad nothing: only the other side's padding makes it evidence.
  const isHere = (side: SideFacts, other: SideFacts) =>
    side.unpadded > 0 && side.padded === 0 && other.padded > 0 && other.unpadded === 0
  return only(isHere(client, server), isHere(server, client))
}

function bothPadded(client: SideFacts, server: SideFacts): boolean {
  return client.padded > 0 && server.padded > 0 && client.unpadded + server.unpadded === 0
}

function faster(client: SideFacts, server: SideFacts): Side | undefined {
  const [clientMs, serverMs] = [client.medianLatencyMs, server.medianLatencyMs]
  if (clientMs === undefined || serverMs === undefined) return undefined
  return only(clientMs * FASTER < serverMs, serverMs * FASTER < clientMs)
}

function only(client: boolean, server: boolean): Side | undefined {
  if (client === server) return undefined
  return client ? 'client' : 'server'
}
