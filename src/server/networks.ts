/** A set of networks, and whether an address is in one of them. */
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

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

/** An IPv6 address that stands for an IPv4 address is that one. Undefined for what is no address. */
export function parseAddress(address: string): Address | undefined {
  const bare = address.replace(/%.*/, '')
  if (!ipaddr.isValid(bare)) return undefined
  const parsed = ipaddr.parse(bare)
  return parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed
}

function parseNetwork(text: string): [Address, number] {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
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
