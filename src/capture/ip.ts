/**
 * Raw IP packets around UDP payloads, as a network card would have seen them. A TFTP program sees only payloads; these
 * headers are made up from addresses and ports, with right lengths and checksums.
 *
 *     IPv4  20 bytes (RFC 791), no options    |
 *     IPv6  40 bytes (RFC 8200)               |-  UDP 8 bytes (RFC 768)  |  payload
 */
import { parseAddress, toIpv6 } from './address.ts'
import { foldSum, sum16 } from './checksum.ts'

/** Most that one IPv4 datagram carries: 65535 less 20 and 8 of headers. Longer payloads are cut to it. */
export const MAX_PAYLOAD_BYTES = 65_507

const UDP = 17
const UDP_HEADER_BYTES = 8
const IPV4_HEADER_BYTES = 20
const IPV6_HEADER_BYTES = 40
const TTL = 64
const DO_NOT_FRAGMENT = 0x4000

export interface Datagram {
  /** IPv4 or IPv6 as text, zones are dropped. What is no address (an unknown local one) becomes 0.0.0.0 or ::. */
  readonly source: string
  readonly destination: string
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payload: Uint8Array
  /** Bytes of the payload on the wire, where `payload` is only its beginning. Then there is no checksum. */
  readonly payloadBytes?: number
}

/** Bytes that `writeIpPacket` will write at most. */
export function ipPacketBytes(payloadBytes: number): number {
  return IPV6_HEADER_BYTES + UDP_HEADER_BYTES + Math.min(payloadBytes, MAX_PAYLOAD_BYTES)
}

/** Writes the packet to `target` from `offset` and returns how many bytes of it were written. */
export function writeIpPacket(datagram: Datagram, target: Uint8Array, offset: number): number {
  const [source, destination] = addressPair(datagram.source, datagram.destination)
  const payload = datagram.payload.subarray(0, MAX_PAYLOAD_BYTES)
  const udpBytes = UDP_HEADER_BYTES + Math.max(payload.length, Math.min(datagram.payloadBytes ?? 0, MAX_PAYLOAD_BYTES))
  const view = new DataView(target.buffer, target.byteOffset + offset)
  const ipBytes =
    source.length === 4
      ? writeIpv4(view, source, destination, udpBytes)
      : writeIpv6(view, source, destination, udpBytes)

  view.setUint16(ipBytes, datagram.sourcePort)
  view.setUint16(ipBytes + 2, datagram.destinationPort)
  view.setUint16(ipBytes + 4, udpBytes)
  view.setUint16(ipBytes + 6, 0)
  target.set(payload, offset + ipBytes + UDP_HEADER_BYTES)
  const writtenBytes = ipBytes + UDP_HEADER_BYTES + payload.length
  if (ipBytes + udpBytes > writtenBytes) return writtenBytes
  // The pseudo header: both addresses, protocol and length (RFC 768, RFC 8200 §8.1).
  const pseudo = sum16(source, 0, source.length) + sum16(destination, 0, destination.length) + UDP + udpBytes
  const checksum = ~foldSum(pseudo + sum16(target, offset + ipBytes, offset + ipBytes + udpBytes)) & 0xffff
  // 0 on the wire says "no checksum"; its other spelling says zero.
  view.setUint16(ipBytes + 6, checksum === 0 ? 0xffff : checksum)
  return writtenBytes
}

function writeIpv4(view: DataView, source: Uint8Array, destination: Uint8Array, udpBytes: number): number {
  view.setUint16(0, 0x4500)
  view.setUint16(2, IPV4_HEADER_BYTES + udpBytes)
  view.setUint16(4, 0)
  view.setUint16(6, DO_NOT_FRAGMENT)
  view.setUint8(8, TTL)
  view.setUint8(9, UDP)
  view.setUint16(10, 0)
  const header = new Uint8Array(view.buffer, view.byteOffset, IPV4_HEADER_BYTES)
  header.set(source, 12)
  header.set(destination, 16)
  view.setUint16(10, ~foldSum(sum16(header, 0, IPV4_HEADER_BYTES)))
  return IPV4_HEADER_BYTES
}

function writeIpv6(view: DataView, source: Uint8Array, destination: Uint8Array, udpBytes: number): number {
  view.setUint32(0, 0x60000000)
  view.setUint16(4, udpBytes)
  view.setUint8(6, UDP)
  view.setUint8(7, TTL)
  const header = new Uint8Array(view.buffer, view.byteOffset, IPV6_HEADER_BYTES)
  header.set(source, 8)
  header.set(destination, 24)
  return IPV6_HEADER_BYTES
}

/** Both addresses in one family: an unknown one takes the other's, a mixed pair becomes IPv6. */
function addressPair(sourceText: string, destinationText: string): [Uint8Array, Uint8Array] {
  const source = parseAddress(sourceText)
  const destination = parseAddress(destinationText)
  const unknown = new Uint8Array(source?.length ?? destination?.length ?? 4)
  const pair: [Uint8Array, Uint8Array] = [source ?? unknown, destination ?? unknown]
  if (pair[0].length === pair[1].length) return pair
  return [toIpv6(pair[0]), toIpv6(pair[1])]
}
