/** How a transfer is named to people. */
import { addressPort, escapeText, OPCODE, type Request } from '../packet/index.ts'
import type { Peer } from './contract.ts'

/** `address:port`, IPv6 in brackets. */
export function clientOf(peer: Peer): string {
  return addressPort(peer.address, peer.port)
}

/** `FILE to ADDRESS:PORT` for a read, `FILE from …` for a write; the file's name is escaped. */
export function labelOf(peer: Peer, request: Request): string {
  return `${escapeText(request.filename)} ${request.opcode === OPCODE.rrq ? 'to' : 'from'} ${clientOf(peer)}`
}
