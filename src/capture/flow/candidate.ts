/**
 * Transfers whose request is not in the capture. Any two ports may speak a protocol whose packets look like DATA or ACK now and then; a row of
 * them does not happen by chance.
 */
import { PACKET_KIND } from '../contract.ts'
import type { UdpDatagram } from '../frame/udp.ts'
import { type Flow, FlowPeer, kindOf } from './flow.ts'
import { TFTP_PORT } from './request.ts'

/** Blocks in a row of one kind, where the capture shows one direction only. */
const ROW_BLOCKS = 4
/** Blocks that were sent and acknowledged. */
const EXCHANGES = 2
/** Some devices send rubbish behind an ACK. */
const MAX_ACK_BYTES = 64

export type Roles = Pick<Flow, 'client' | 'server' | 'rolesFrom' | 'direction'>

/** Which side is the client, if the datagram can belong to a transfer. The sender of DATA is taken for the server unless the port 69 says otherwise. */
export function rolesOf(d: UdpDatagram): Roles | undefined {
  const kind = kindOf(d)
  const isData = kind === PACKET_KIND.data
  const isAck = kind === PACKET_KIND.ack && d.payloadBytes <= MAX_ACK_BYTES
  const isOther = kind === PACKET_KIND.oack || kind === PACKET_KIND.error
  if (!isData && !isAck && !isOther) return undefined
  const [source, destination] = [FlowPeer.source(d), FlowPeer.destination(d)]
  const fromPort69 = d.sourcePort === TFTP_PORT
  if (fromPort69 || d.destinationPort === TFTP_PORT) {
    return {
      client: fromPort69 ? destination : source,
      server: fromPort69 ? source : destination,
      rolesFrom: 'port-69',
      direction: fromPort69 === isAck ? 'write' : 'read',
    }
  }
  if (kind === PACKET_KIND.error) return undefined
  return {
    client: isAck ? source : destination,
    server: isAck ? destination : source,
    rolesFrom: 'assumed',
    direction: 'read',
  }
}

/** Whether a flow without a request has shown enough to be a transfer. */
export function isTransfer(flow: Flow): boolean {
  if (flow.rolesFrom === 'port-69') return true
  const { firstIndex, highestIndex, firstAckedIndex, highestAckedIndex } = flow
  const span = (first: number | undefined, last: number) => last - (first ?? 0) + 1
  if (flow.exchanged >= (flow.oack === undefined ? EXCHANGES : 1)) return true
  const dataRow = flow.sent >= ROW_BLOCKS && span(firstIndex, highestIndex ?? 0) === flow.sent
  // Blocks of a file all have the same size.
  if (dataRow && flow.bytes === flow.sent * flow.blksize) return true
  return (
    flow.acked >= ROW_BLOCKS && span(firstAckedIndex, highestAckedIndex) === flow.acked && flow.acks <= 2 * flow.acked
  )
}
