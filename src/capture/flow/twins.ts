/**
 * Frames that a mirror of both directions, or a bridge and its card, shows twice each. A sender that numbers its packets has other numbers in those
 * that it sends twice itself. One that gives all of them the same (Linux without a connected socket, IPv6) differs from a mirror in all frames together:
 * no sender and no network doubles each packet from the first one on, and at once.
 */
import { type CapturedTransfer, PACKET_FLAG } from '../contract.ts'
import type { Flow } from './flow.ts'
import { type SideFacts, TWIN } from './side-facts.ts'

/** A frame is dropped by the capture now and then. */
const NEARLY_ALL = 0.95
/** Of one side alone, whose packets a program may send twice. */
const LEAST_OF_ONE = 2

/** Makes copies of twins where each frame has one; else they are repeats. Returns the sides whose frames were doubled. */
export function twinsAsCopies(flow: Flow): CapturedTransfer['takenTwice'] {
  const { clientSide, serverSide, log, request, twins, direction } = flow
  // Copies of a mirror have the numbers of their frames: what has others was sent twice, and is answered twice.
  const isSent = isSentTwice(clientSide) || isSentTwice(serverSide)
  const [client, server] = [!isSent && isDoubled(clientSide), !isSent && isDoubled(serverSide)]
  const isTaken = (one: boolean, other: boolean, { twins }: SideFacts) => one && (other || twins >= LEAST_OF_ONE)
  const ofClient = isTaken(client, server, clientSide)
  const ofServer = isTaken(server, client, serverSide)
  for (let i = 0; i < log.length; i++) {
    if ((log.flags(i) & TWIN) === 0) continue
    const isCopy = log.fromClient(i) ? ofClient : ofServer
    log.setFlags(i, isCopy ? PACKET_FLAG.copy : 0, isCopy ? TWIN | PACKET_FLAG.repeat : TWIN)
  }
  if (ofClient) {
    clientSide.packets -= clientSide.twins
    if (request !== undefined) request.count -= twins.requests
  } else request?.twins.clear()
  if (ofServer) serverSide.packets -= serverSide.twins
  const [ofSender, ofReceiver] = direction === 'read' ? [ofServer, ofClient] : [ofClient, ofServer]
  if (ofSender) flow.dataPackets -= twins.data
  if (ofReceiver) flow.acks -= twins.acks
  return ofClient ? (ofServer ? 'both' : 'client') : ofServer ? 'server' : undefined
}

function isSentTwice({ anew, packets }: SideFacts): boolean {
  return anew > 0 && anew >= SENT_TWICE * packets
}

/** Of a side whose every packet is sent twice it would be half. */
const SENT_TWICE = 0.2

function isDoubled({ twins, packets, isFirstTwin }: SideFacts): boolean {
  return isFirstTwin && twins >= NEARLY_ALL * (packets - twins)
}
