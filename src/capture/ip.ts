/**
 * Raw IP packets around UDP payloads, as a network card would have seen them. A TFTP program sees only payloads; these
 * headers are made up from addresses and ports, with right lengths and checksums.
 *
 *     IPv4  20 bytes (RFC 791), no options    |
 *     IPv6  40 bytes (RFC 8200)               |-  UDP 8 bytes (RFC 768)  |  payload
 */
import { parseAddress, toIpv6 } from './address.ts'

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
}

/** Bytes that `writeIpPacket` will write at most. */
export function ipPacketBytes(payloadBytes: number): number {
  return IPV6_HEADER_BYTES + UDP_HEADER_BYTES + Math.min(payloadBytes, MAX_PAYLOAD_BYTES)
}

/** Writes the packet to `target` from `offset` and returns its length. */
export function writeIpPacket(datagram: Datagram, target: Uint8Array, offset: number): number {
  const [source, destination] = addressPair(datagram.source, datagram.destination)
  const payload = datagram.payload.subarray(0, MAX_PAYLOAD_BYTES)
  const udpBytes = UDP_HEADER_BYTES + payload.length
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
  // The pseudo header: both addresses, protocol and length (RFC 768, RFC 8200 §8.1).
  const pseudo = sum16(source) + sum16(destination) + UDP + udpBytes
  const checksum = fold(pseudo + sum16(target.subarray(offset + ipBytes, offset + ipBytes + udpBytes)))
  // 0 on the wire says "no checksum"; its other spelling says zero.
  view.setUint16(ipBytes + 6, checksum === 0 ? 0xffff : checksum)
  return ipBytes + udpBytes
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
  view.setUint16(10, fold(sum16(header)))
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

/** Sum of 16-bit words, the last padded with a zero. 65,535 bytes stay far below 2^53. */
function sum16(b: Uint8Array): number {
  let sum = 0
  const even = b.length & ~1
  for (let i = 0; i < even; i += 2) sum += (b[i] << 8) | b[i + 1]
  return even === b.length ? sum : sum + (b[even] << 8)
}

/** The Internet checksum (RFC 1071) of a sum of words. */
function fold(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16)
  return ~folded & 0xffff
}
