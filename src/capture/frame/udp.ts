/** UDP (RFC 768): ports, lengths and the checksum of a captured datagram. */
import { net16 } from '../bytes.ts'
import { foldSum, sum16 } from '../checksum.ts'
import type { IpHeader } from './ip-header.ts'
import { PROTOCOL } from './ip-header.ts'
import type { LinkFrame } from './link.ts'

export const UDP_HEADER_BYTES = 8

/** What a checksum says. `offloaded`: only the pseudo header's sum, to which the sender's card adds the rest. */
export const CHECKSUM = { good: 0, bad: 1, offloaded: 2, none: 3, unverifiable: 4 } as const

/** A captured datagram. One object is used again for each: what is kept of it is copied. */
export class UdpDatagram {
  number = 0
  seconds = 0
  nanos = 0
  /** The addresses are `addressBytes` (4 or 16) each, from `source` and `destination` in `buffer`. */
  buffer: Uint8Array = new Uint8Array(0)
  source = 0
  destination = 0
  addressBytes = 4
  sourcePort = 0
  destinationPort = 0
  /** Address and port as one number: see `endpointKey`. */
  sourceKey = 0
  destinationKey = 0
  /** Where the payload begins, in `payloadBuffer`; its bytes on the wire, and those that the capture kept. */
  payloadBuffer: Uint8Array = this.buffer
  payload = 0
  payloadBytes = 0
  capturedBytes = 0
  /** The frame on the wire; of all fragments seen so far when it came in several. */
  frameBytes = 0
  /** IPv4's identification. */
  ipId = 0
  /** The datagram came in fragments; only its first one is here so far. */
  fragmented = false
  partial = false
  /** One of CHECKSUM. */
  checksum: number = CHECKSUM.unverifiable
  /** The link header of its frame, or of its first fragment's. */
  link: LinkFrame | undefined
  /** Bytes of the link header, and of the network packet: what padding fills up to. */
  unpaddedBytes = 0

  /** Sets the addresses from `ip` in `b`, and the ports from the UDP header at `udp` in `udpBuffer`. */
  setHeaders(b: Uint8Array, ip: IpHeader, udpBuffer: Uint8Array, udp: number): void {
    this.buffer = b
    this.source = ip.source
    this.destination = ip.destination
    this.addressBytes = ip.addressBytes
    this.ipId = ip.id
    this.sourcePort = net16(udpBuffer, udp)
    this.destinationPort = net16(udpBuffer, udp + 2)
    this.sourceKey = endpointKey(b, ip.source, ip.addressBytes, this.sourcePort)
    this.destinationKey = endpointKey(b, ip.destination, ip.addressBytes, this.destinationPort)
  }

  /** Sets the payload from the UDP header at `udp` in `b`. `wireBytes` and `capturedBytes` count from there. */
  setPayload(b: Uint8Array, udp: number, wireBytes: number, capturedBytes: number): void {
    // 0 is for datagrams beyond 64 KB; a length beyond the packet's is a lie.
    const length = net16(b, udp + 4) || wireBytes
    const udpBytes = Math.max(UDP_HEADER_BYTES, Math.min(length, wireBytes))
    this.payloadBuffer = b
    this.payload = udp + UDP_HEADER_BYTES
    this.payloadBytes = udpBytes - UDP_HEADER_BYTES
    this.capturedBytes = Math.min(this.payloadBytes, capturedBytes - UDP_HEADER_BYTES)
  }

  /** The checksum as it stands in the header. */
  get writtenChecksum(): number {
    return net16(this.payloadBuffer, this.payload - 2)
  }

  /** One of CHECKSUM, for a datagram that is whole in `payloadBuffer`. */
  verify(): number {
    if (!this.#isWhole) return CHECKSUM.unverifiable
    const b = this.payloadBuffer
    const udp = this.payload - UDP_HEADER_BYTES
    const written = this.writtenChecksum
    if (written === 0) return CHECKSUM.none
    const pseudo = this.#pseudoSum()
    if (foldSum(pseudo + sum16(b, udp, this.payload + this.payloadBytes)) === 0xffff) return CHECKSUM.good
    return written === foldSum(pseudo) ? CHECKSUM.offloaded : CHECKSUM.bad
  }

  /**
   * The one's complement sum of the payload, 1 to 65535; 0 when it is not known. Of a datagram that is not whole here the checksum tells it, unless
   * the sender's card adds that later.
   */
  payloadSum(): number {
    if (this.#isWhole) return sumOf(this.payloadBuffer, this.payload, this.payloadBytes)
    const written = this.writtenChecksum
    const pseudo = this.#pseudoSum()
    if (written === 0 || written === foldSum(pseudo)) return 0
    const header = sum16(this.payloadBuffer, this.payload - UDP_HEADER_BYTES, this.payload)
    return foldSum(0xffff - foldSum(pseudo + header)) || 0xffff
  }

  get #isWhole(): boolean {
    return this.capturedBytes === this.payloadBytes && !this.partial
  }

  #pseudoSum(): number {
    const { buffer, source, destination, addressBytes } = this
    const addresses =
      sum16(buffer, source, source + addressBytes) + sum16(buffer, destination, destination + addressBytes)
    return addresses + PROTOCOL.udp + UDP_HEADER_BYTES + this.payloadBytes
  }
}

/** The one's complement sum of `bytes` bytes, whose two zeros are one and the same: 1 to 65535. */
export function sumOf(b: Uint8Array, at: number, bytes: number): number {
  return foldSum(sum16(b, at, at + bytes)) || 0xffff
}

/**
 * An address and a port as one number below 2^53. For IPv4 no two are the same; for IPv6 it is a hash, and a match
 * needs a comparison of the addresses.
 */
export function endpointKey(b: Uint8Array, at: number, addressBytes: number, port: number): number {
  return addressKey(b, at, addressBytes) * 0x10000 + port
}

/** An address as a number below 2^33: IPv4 exactly, IPv6 as a hash above 2^32. */
export function addressKey(b: Uint8Array, at: number, addressBytes: number): number {
  if (addressBytes === 4) return ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0
  // FNV-1a.
  let hash = 0x811c9dc5
  for (let i = at; i < at + 16; i++) hash = Math.imul(hash ^ b[i], 0x01000193)
  return 0x1_0000_0000 + (hash >>> 0)
}

export function sameBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (a[aAt + i] !== b[bAt + i]) return false
  return true
}
