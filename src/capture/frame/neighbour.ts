/** Who has an address: ARP (RFC 826) for IPv4, neighbour solicitation and advertisement (RFC 4861) for IPv6. */
import { net16, net32 } from '../bytes.ts'
import { type IpHeader, PROTOCOL } from './ip-header.ts'

const ARP_BYTES = 28
const ARP = { request: 1, reply: 2 } as const
const NDP = { solicitation: 135, advertisement: 136 } as const
const NDP_BYTES = 24
const TARGET_LINK_ADDRESS = 2

/** The message that was read last. Addresses are positions in the frame's buffer. */
export class NeighbourMessage {
  isQuestion = false
  addressBytes = 4
  /** The address that is asked for, or told. */
  target = 0
  /** The address that asks, or that the answer goes to. */
  by = 0
  /** Answers: the six bytes of the card's address; -1 when not given. */
  mac = -1

  readArp(b: Uint8Array, at: number, end: number): boolean {
    // Ethernet, IPv4, six and four bytes of address.
    if (at + ARP_BYTES > end || net32(b, at) !== 0x00010800 || net16(b, at + 4) !== 0x0604) return false
    const operation = net16(b, at + 6)
    if (operation !== ARP.request && operation !== ARP.reply) return false
    const [sender, target] = [at + 14, at + 24]
    // A host that asks for its own address announces it.
    const isAnnouncement = net32(b, sender) === net32(b, target)
    this.isQuestion = operation === ARP.request && !isAnnouncement
    this.addressBytes = 4
    this.target = this.isQuestion ? target : sender
    this.by = this.isQuestion ? sender : target
    this.mac = this.isQuestion ? -1 : at + 8
    return true
  }

  readNdp(b: Uint8Array, ip: IpHeader): boolean {
    const at = ip.payload
    const end = at + ip.capturedBytes
    if (ip.protocol !== PROTOCOL.icmpv6 || at + NDP_BYTES > end) return false
    const type = b[at]
    if (type !== NDP.solicitation && type !== NDP.advertisement) return false
    this.isQuestion = type === NDP.solicitation
    this.addressBytes = 16
    this.target = at + 8
    this.by = this.isQuestion ? ip.source : ip.destination
    const hasAddress = at + NDP_BYTES + 8 <= end && b[at + NDP_BYTES] === TARGET_LINK_ADDRESS
    this.mac = !this.isQuestion && hasAddress ? at + NDP_BYTES + 2 : -1
    return true
  }
}
