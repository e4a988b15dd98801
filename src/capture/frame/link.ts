/**
 * The link layer: where a captured frame's network packet begins, and what its header tells. By the registry of link types at tcpdump.org.
 *
 *     Ethernet   to 6 | from 6 | [0x8100 and other tags: 2 | tag 2] ... | type 2
 *     SLL        packet type 2 | card type 2 | address length 2 | address 8 | type 2           Linux, "any" interface
 *     SLL2       type 2 | 0 2 | interface 4 | card type 2 | packet type 1 | address length 1 | address 8
 *     NULL, LOOP address family 4                                                              BSD, in host or network order
 *     raw IP     nothing
 */
import { net16, net32 } from '../bytes.ts'
import type { CapturedLink } from '../contract.ts'
import { type CapturedRecord, DIRECTION } from '../read/record.ts'

export const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const

const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  rawOpenBsd: 14,
  rawBsd: 12,
  raw: 101,
  loop: 108,
  sll: 113,
  ipv4: 228,
  ipv6: 229,
  sll2: 276,
} as const

/** VLAN tags: IEEE 802.1Q, 802.1ad, and an older one for the outer tag. */
const TAG_TYPES: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100])
/** Two are in use. More are a frame made to be slow. */
const MAX_TAGS = 4
const MAX_LENGTH_TYPE = 1500
const ETHERNET_BYTES = 14
const SLL_BYTES = 16
const SLL2_BYTES = 20
const FAMILY_BYTES = 4
/** Packet type of SLL: sent by the capturing host. */
const SLL_OUTGOING = 4
const NO_VLANS: readonly number[] = []

/** The link header of the record that was read last. */
export class LinkFrame {
  type: CapturedLink['type'] = 'raw'
  /** What the network packet is: one of ETHER_TYPE, or another protocol's. */
  etherType = 0
  /** Where it begins in the record's buffer. */
  payload = 0
  /** Where the addresses of the cards stand, six bytes each; -1 for none. */
  sourceMac = -1
  destinationMac = -1
  vlans: readonly number[] = NO_VLANS
  direction: number = DIRECTION.unknown
  /** Tells cards apart where one file has several. */
  cardId = 0

  /** Reads the header. False when the link type is not understood; a header that was cut has ether type 0. */
  read(record: CapturedRecord): boolean {
    const { buffer, offset, length } = record
    this.etherType = 0
    this.payload = offset
    this.sourceMac = -1
    this.destinationMac = -1
    this.vlans = NO_VLANS
    this.direction = record.direction
    this.cardId = record.interfaceId
    switch (record.linkType) {
      case LINK_TYPE.ethernet:
        this.type = 'ethernet'
        this.#ethernet(buffer, offset, offset + length)
        return true
      case LINK_TYPE.sll:
        this.type = 'cooked'
        if (length >= SLL_BYTES) this.#sll(buffer, offset, offset + length)
        return true
      case LINK_TYPE.sll2:
        this.type = 'cooked'
        if (length >= SLL2_BYTES) this.#sll2(buffer, offset, offset + length)
        return true
      case LINK_TYPE.null:
      case LINK_TYPE.loop:
        this.type = 'loopback'
        this.payload = offset + FAMILY_BYTES
        this.#byVersion(buffer, offset + length)
        return true
      case LINK_TYPE.raw:
      case LINK_TYPE.rawBsd:
      case LINK_TYPE.rawOpenBsd:
      case LINK_TYPE.ipv4:
      case LINK_TYPE.ipv6:
        this.type = 'raw'
        this.#byVersion(buffer, offset + length)
        return true
      default:
        return false
    }
  }

  #ethernet(b: Uint8Array, at: number, end: number): void {
    if (at + ETHERNET_BYTES > end) return
    this.destinationMac = at
    this.sourceMac = at + 6
    this.#behindTags(b, net16(b, at + 12), at + ETHERNET_BYTES, end)
    const { etherType: type, payload } = this
    // Below 1501 it is a length, and SNAP may follow: aa aa 03 00 00 00, type.
    if (
      type <= MAX_LENGTH_TYPE &&
      payload + 8 <= end &&
      net32(b, payload) === 0xaaaa0300 &&
      net16(b, payload + 4) === 0
    ) {
      this.etherType = net16(b, payload + 6)
      this.payload = payload + 8
    }
  }

  /** Sets what follows a header of this type, behind its VLAN tags. */
  #behindTags(b: Uint8Array, type: number, at: number, end: number): void {
    this.etherType = type
    this.payload = at
    for (let tags = 0; TAG_TYPES.has(this.etherType) && tags < MAX_TAGS && this.payload + 4 <= end; tags++) {
      this.vlans = [...this.vlans, net16(b, this.payload) & 0xfff]
      this.etherType = net16(b, this.payload + 2)
      this.payload += 4
    }
  }

  #sll(b: Uint8Array, at: number, end: number): void {
    this.direction = net16(b, at) === SLL_OUTGOING ? DIRECTION.sent : DIRECTION.received
    if (net16(b, at + 4) === 6) this.sourceMac = at + 6
    this.#behindTags(b, net16(b, at + 14), at + SLL_BYTES, end)
  }

  #sll2(b: Uint8Array, at: number, end: number): void {
    this.direction = b[at + 10] === SLL_OUTGOING ? DIRECTION.sent : DIRECTION.received
    if (b[at + 11] === 6) this.sourceMac = at + 12
    this.cardId = net32(b, at + 4)
    this.#behindTags(b, net16(b, at), at + SLL2_BYTES, end)
  }

  /** BSD systems number IPv6's family differently each; the packet's own version does not lie. */
  #byVersion(b: Uint8Array, end: number): void {
    if (this.payload >= end) return
    const version = b[this.payload] >>> 4
    if (version === 4) this.etherType = ETHER_TYPE.ipv4
    if (version === 6) this.etherType = ETHER_TYPE.ipv6
  }
}
