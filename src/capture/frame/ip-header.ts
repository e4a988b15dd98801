/** Reads IPv4 (RFC 791) and IPv6 headers with extension headers (RFC 8200 §4). */
import { net16, net32 } from '../bytes.ts'
import { ETHER_TYPE } from './link.ts'

export const PROTOCOL = { icmp: 1, udp: 17, icmpv6: 58 } as const

const IPV4_HEADER_BYTES = 20
const IPV6_HEADER_BYTES = 40
const MORE_FRAGMENTS = 0x2000
const EXTENSION = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destination: 60,
  mobility: 135,
} as const
/** Real packets have one or two. More are a packet made to be slow. */
const MAX_EXTENSIONS = 8

/** The header of the packet that was read last. */
export class IpHeader {
  /** Where the addresses stand in the buffer, and their length: 4 or 16. */
  source = 0
  destination = 0
  addressBytes = 4
  /** Of what the packet carries, behind all extension headers. */
  protocol = 0
  /** Where that begins, its bytes on the wire, and those that the capture kept. */
  payload = 0
  payloadBytes = 0
  capturedBytes = 0
  /** IPv4's identification, which is new for each datagram of most hosts; 0 where there is none. */
  id = 0
  isFragment = false
  /** IPv6 has 32 bits for it. */
  fragmentId = 0
  fragmentOffset = 0
  moreFragments = false

  /**
   * Reads the packet at `at`. The capture kept bytes up to `end`; the frame had `wireBytes` from `at` on, padding included. False when it is no
   * IP packet or cut inside its headers.
   */
  read(b: Uint8Array, at: number, end: number, wireBytes: number, etherType: number): boolean {
    this.isFragment = false
    this.fragmentOffset = 0
    this.moreFragments = false
    this.id = 0
    if (etherType === ETHER_TYPE.ipv4) return this.#ipv4(b, at, end, wireBytes)
    return etherType === ETHER_TYPE.ipv6 && this.#ipv6(b, at, end, wireBytes)
  }

  #ipv4(b: Uint8Array, at: number, end: number, wireBytes: number): boolean {
    if (at + IPV4_HEADER_BYTES > end || b[at] >>> 4 !== 4) return false
    const headerBytes = (b[at] & 15) * 4
    // 0: the card splits the packet and fills the length in later. Then the frame tells, which has no padding.
    const totalBytes = net16(b, at + 2) || wireBytes
    if (headerBytes < IPV4_HEADER_BYTES || totalBytes < headerBytes || at + headerBytes > end) return false
    this.source = at + 12
    this.destination = at + 16
    this.addressBytes = 4
    this.protocol = b[at + 9]
    this.payload = at + headerBytes
    this.payloadBytes = totalBytes - headerBytes
    this.capturedBytes = Math.min(this.payloadBytes, end - this.payload)
    this.id = net16(b, at + 4)
    const fragment = net16(b, at + 6)
    this.fragmentId = this.id
    this.fragmentOffset = (fragment & 0x1fff) * 8
    this.moreFragments = (fragment & MORE_FRAGMENTS) !== 0
    this.isFragment = this.moreFragments || this.fragmentOffset > 0
    return true
  }

  #ipv6(b: Uint8Array, at: number, end: number, wireBytes: number): boolean {
    if (at + IPV6_HEADER_BYTES > end || b[at] >>> 4 !== 6) return false
    this.source = at + 8
    this.destination = at + 24
    this.addressBytes = 16
    const wireEnd = at + IPV6_HEADER_BYTES + (net16(b, at + 4) || Math.max(0, wireBytes - IPV6_HEADER_BYTES))
    let next = b[at + 6]
    let from = at + IPV6_HEADER_BYTES
    for (let count = 0; isExtension(next); count++) {
      if (count === MAX_EXTENSIONS || from + 8 > end) return false
      if (next === EXTENSION.fragment) this.#fragment(b, from)
      const bytes = extensionBytes(b, from, next)
      next = b[from]
      from += bytes
      // Behind a later fragment's header is no header.
      if (this.fragmentOffset > 0) break
    }
    if (from > end || from > wireEnd) return false
    this.protocol = next
    this.payload = from
    this.payloadBytes = wireEnd - from
    this.capturedBytes = Math.min(this.payloadBytes, end - from)
    return true
  }

  #fragment(b: Uint8Array, at: number): void {
    const fragment = net16(b, at + 2)
    this.fragmentOffset = fragment & 0xfff8
    this.moreFragments = (fragment & 1) !== 0
    this.isFragment = this.moreFragments || this.fragmentOffset > 0
    this.fragmentId = net32(b, at + 4)
  }
}

function isExtension(next: number): boolean {
  return (
    next === EXTENSION.hopByHop ||
    next === EXTENSION.routing ||
    next === EXTENSION.fragment ||
    next === EXTENSION.authentication ||
    next === EXTENSION.destination ||
    next === EXTENSION.mobility
  )
}

function extensionBytes(b: Uint8Array, at: number, type: number): number {
  if (type === EXTENSION.fragment) return 8
  if (type === EXTENSION.authentication) return (b[at + 1] + 2) * 4
  return (b[at + 1] + 1) * 8
}
