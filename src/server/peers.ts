/**
 * Who is served. TFTP answers a small request with a lot of data and believes the sender's address, so a server open to
 * the world is a weapon (reflection). By default only networks are served whose addresses the routers of the internet do not carry.
 */
import { ForesendError } from '../error.ts'
import { Networks, parseAddress } from './networks.ts'

const NEAR_RANGES: ReadonlySet<string> = new Set(['private', 'linkLocal', 'loopback', 'uniqueLocal'])

/** The same for IPv4 as its usual text, in a tenth of the time that it takes to parse one. */
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const NEAR_V4 = new RegExp(
  `^(?:(?:10|127)\\.${OCTET}|192\\.168|169\\.254|172\\.(?:1[6-9]|2\\d|3[01]))\\.${OCTET}\\.${OCTET}$`,
)

/** Addresses that were asked about lately: the same few thousand ask all day. */
const known = new Map<string, boolean>()
const MAX_KNOWN = 8192

/** Private (RFC 1918, RFC 4193), link-local or loopback. False for what is no address. */
export function isNear(address: string): boolean {
  if (NEAR_V4.test(address)) return true
  const answer = known.get(address)
  if (answer !== undefined) return answer
  const parsed = parseAddress(address)
  const near = parsed !== undefined && NEAR_RANGES.has(parsed.range())
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(address, near)
  return near
}

export class Peers {
  readonly #allowed: Networks
  readonly #denied: Networks

  /** Networks like `203.0.113.0/24`, or single addresses. Throws ERR_TFTP_USAGE. */
  constructor(allow: readonly string[], deny: readonly string[] = []) {
    this.#allowed = networks('--allow', allow)
    this.#denied = networks('--deny', deny)
  }

  /** Why `address` is not served, and what to do about it; undefined when it is. */
  refusal(address: string, near: boolean): string | undefined {
    if (this.#denied.has(address)) return `${address} is not served: --deny names it, or a network that it is in`
    if (near || this.#allowed.has(address)) return undefined
    return `${address} is not a private address, so it is not served; to serve it add ${allowFlagFor(address)}`
  }
}

/** The shortest `--allow` that lets `address` in. */
export function allowFlagFor(address: string): string {
  return `--allow ${address.replace(/%.*/, '')}/${address.includes(':') ? 128 : 32}`
}

function networks(flag: string, texts: readonly string[]): Networks {
  try {
    return new Networks(texts)
  } catch (cause) {
    throw new ForesendError(
      'ERR_TFTP_USAGE',
      `${flag} ${texts.join(', ')}: not all are networks; give an address and a length, such as 203.0.113.0/24`,
      { fault: 'local', cause },
    )
  }
}
