/** ICMP (RFC 792) and ICMPv6 (RFC 4443) errors about a UDP datagram. Echo and the rest are left alone. */
import { net16, net32 } from '../bytes.ts'
import type { IcmpMeaning } from '../contract.ts'
import { IpHeader, PROTOCOL } from './ip-header.ts'
import { ETHER_TYPE } from './link.ts'
import { UDP_HEADER_BYTES, UdpDatagram } from './udp.ts'

/** Type, code, checksum, four bytes by type; then the packet that it is about begins. */
const HEADER_BYTES = 8

const V4: Readonly<Record<string, IcmpMeaning>> = {
  '3.0': 'net-unreachable',
  '3.1': 'host-unreachable',
  '3.3': 'port-unreachable',
  '3.4': 'fragmentation-needed',
  '3.6': 'net-unreachable',
  '3.7': 'host-unreachable',
  '3.9': 'prohibited',
  '3.10': 'prohibited',
  '3.11': 'net-unreachable',
  '3.12': 'host-unreachable',
  '3.13': 'prohibited',
  '11.0': 'ttl-exceeded',
  '11.1': 'fragments-missing',
}

const V6: Readonly<Record<string, IcmpMeaning>> = {
  '1.0': 'net-unreachable',
  '1.1': 'prohibited',
  '1.3': 'host-unreachable',
  '1.4': 'port-unreachable',
  '1.5': 'prohibited',
  '1.6': 'net-unreachable',
  '2.0': 'fragmentation-needed',
  '3.0': 'ttl-exceeded',
  '3.1': 'fragments-missing',
}

/** The error message that was read last. */
export class IcmpError {
  meaning: IcmpMeaning = 'other'
  type = 0
  code = 0
  mtuBytes: number | undefined
  /** Addresses and ports of the datagram that it is about. */
  readonly about = new UdpDatagram()
  readonly #inner = new IpHeader()

  /** Reads the message in `ip`'s payload; false when it is no error about UDP. */
  read(b: Uint8Array, ip: IpHeader): boolean {
    const at = ip.payload
    const end = at + ip.capturedBytes
    if (at + HEADER_BYTES > end) return false
    const isV6 = ip.protocol === PROTOCOL.icmpv6
    this.type = b[at]
    this.code = b[at + 1]
    if (!isError(this.type, isV6)) return false
    this.meaning = (isV6 ? V6 : V4)[`${this.type}.${this.code}`] ?? 'other'
    const mtu = isV6 ? net32(b, at + 4) : net16(b, at + 6)
    // Routers older than RFC 1191 write none.
    this.mtuBytes = this.meaning === 'fragmentation-needed' && mtu > 0 ? mtu : undefined
    const inner = at + HEADER_BYTES
    const etherType = isV6 ? ETHER_TYPE.ipv6 : ETHER_TYPE.ipv4
    if (!this.#inner.read(b, inner, end, end - inner, etherType)) return false
    if (this.#inner.protocol !== PROTOCOL.udp || this.#inner.fragmentOffset > 0) return false
    // Eight bytes of it are quoted at least: the UDP header.
    if (this.#inner.capturedBytes < UDP_HEADER_BYTES) return false
    this.about.setHeaders(b, this.#inner, b, this.#inner.payload)
    return true
  }
}

function isError(type: number, isV6: boolean): boolean {
  return isV6 ? type >= 1 && type <= 4 : type === 3 || type === 4 || type === 11 || type === 12
}
