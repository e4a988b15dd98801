/** A set of networks, and whether an address is in one of them. */
import ipaddr from 'ipaddr.js'
import { type Address, parseAddress } from '../io/near.ts'

/** Before the IPv4 address in one of IPv6 that stands for it (RFC 4291 §2.5.5.2). */
const MAPPED_BITS = 96

export class Networks {
  readonly #networks: readonly [Address, number][]

  /** Networks such as `203.0.113.0/24`, or single addresses. Throws where one is neither. */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map(parseNetwork)
  }

  has(address: string): boolean {
    if (this.#networks.length === 0) return false
    const parsed = parseAddress(address)
    return parsed !== undefined && this.#networks.some(([network, bits]) => matches(parsed, network, bits))
  }
}

/** Whether `Networks` takes it. */
export function isNetwork(text: string): boolean {
  try {
    parseNetwork(text)
    return true
  } catch {
    return false
  }
}

/** The network of an address with its length: 203.0.113.7/24 is in 203.0.113.0/24. */
export function networkText(cidr: string): string {
  const family = cidr.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4
  return `${family.networkAddressFromCIDR(cidr).toString()}${cidr.replace(/.*\//, '/')}`
}

/** As with an address: one of IPv6 that stands for IPv4 is that. */
function parseNetwork(text: string): [Address, number] {
  const [address, bits] = text.includes('/') ? ipaddr.parseCIDR(text) : whole(ipaddr.parse(text))
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= MAPPED_BITS
  return isMapped ? [address.toIPv4Address(), bits - MAPPED_BITS] : [address, bits]
}

function whole(address: Address): [Address, number] {
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

function matches(address: Address, network: Address, bits: number): boolean {
  return address.kind() === network.kind() && address.match(network, bits)
}

const MAC = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i

/** Whether a client is named by its MAC address. */
export function isMac(text: string): boolean {
  return MAC.test(text)
}
