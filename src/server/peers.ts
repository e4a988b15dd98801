/**
 * Who is served. TFTP answers a small request with a lot of data and believes the sender's address, so a server open to
 * the world is a weapon (reflection). By default only networks are served whose addresses the routers of the internet do not carry.
 */
import { ForesendError } from '../error.ts'
import { Networks } from './networks.ts'

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
