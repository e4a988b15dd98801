/**
 * Who is served. TFTP answers a small request with a lot of data and believes the sender's address, so a server open to
 * the world is a weapon (reflection). By default only networks are served whose addresses the routers of the internet do not carry.
 */
import ipaddr from 'ipaddr.js'
import { ForesendError } from '../error.ts'

const NEAR_RANGES: ReadonlySet<string> = new Set(['private', 'linkLocal', 'loopback', 'uniqueLocal'])

/** Addresses that were asked about lately: the same few thousand ask all day. */
const known = new Map<string, boolean>()
const MAX_KNOWN = 8192

/** Private (RFC 1918, RFC 4193), link-local or loopback. False for what is no address. */
export function isNear(address: string): boolean {
  const answer = known.get(address)
  if (answer !== undefined) return answer
  const parsed = parse(address)
  const near = parsed !== undefined && NEAR_RANGES.has(parsed.range())
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(address, near)
  return near
}

export class Peers {
  readonly #networks: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][]

  /** `allow`: networks like `203.0.113.0/24`, or single addresses. Throws ERR_TFTP_USAGE. */
  constructor(allow: readonly string[]) {
    this.#networks = allow.map(parseNetwork)
  }

  allows(address: string, near: boolean): boolean {
    if (near) return true
    const parsed = parse(address)
    return parsed !== undefined && this.#networks.some(([network, bits]) => matches(parsed, network, bits))
  }
}

/** The shortest `--allow` that lets `address` in. */
export function allowFlagFor(address: string): string {
  return `--allow ${address.replace(/%.*/, '')}/${address.includes(':') ? 128 : 32}`
}

function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = address.replace(/%.*/, '')
  if (!ipaddr.isValid(bare)) return undefined
  const parsed = ipaddr.parse(bare)
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress()) return parsed.toIPv4Address()
  return parsed
}

function parseNetwork(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text)
    const address = ipaddr.parse(text)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  } catch (cause) {
    throw new ForesendError(
      'ERR_TFTP_USAGE',
      `--allow ${text} is not a network; give an address and a length, such as 203.0.113.0/24`,
      { fault: 'local', cause },
    )
  }
}

function matches(address: ipaddr.IPv4 | ipaddr.IPv6, network: ipaddr.IPv4 | ipaddr.IPv6, bits: number): boolean {
  return address.kind() === network.kind() && address.match(network, bits)
}
