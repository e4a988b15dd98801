/** How much of a time one client may take, and all of them together: requests, and bytes that are sent. */
import { RateLimiter } from '../endpoint/rate-limiter.ts'
import { type Allowance, allOf, TokenBucket } from '../transfer/allowance.ts'
import type { ServerConfig } from './contract.ts'

/** Addresses that are kept apart at a time: a flood of forged ones costs bounded memory. */
const MAX_ADDRESSES = 8192

export type Limits = Pick<
  ServerConfig,
  'requestsPerSec' | 'requestsPerSecPerAddress' | 'bytesPerSec' | 'bytesPerSecPerAddress'
>

export class Rates {
  readonly #limits: Limits
  readonly #requests: RateLimiter | undefined
  readonly #requestsOf = new Map<string, RateLimiter>()
  readonly #bytes: TokenBucket | undefined
  readonly #bytesOf = new Map<string, TokenBucket>()

  constructor(limits: Limits) {
    this.#limits = limits
    this.#requests = limits.requestsPerSec === undefined ? undefined : requestLimiter(limits.requestsPerSec)
    this.#bytes = limits.bytesPerSec === undefined ? undefined : new TokenBucket(limits.bytesPerSec)
  }

  /** Which limit a request of `address` exceeds at `now`, as a flag; undefined when it may come in. */
  exceeded(now: number, address: string): string | undefined {
    const { requestsPerSecPerAddress } = this.#limits
    if (requestsPerSecPerAddress !== undefined) {
      const own = kept(this.#requestsOf, address, () => requestLimiter(requestsPerSecPerAddress))
      // First: what one address wastes is not taken from the others.
      if (!own.take(now)) return '--max-requests-per-address'
    }
    return this.#requests === undefined || this.#requests.take(now) ? undefined : '--max-requests'
  }

  /** What a transfer to `address` has to share with others, and `ownBytesPerSec` for itself. */
  allowanceFor(address: string, ownBytesPerSec: number | undefined): Allowance | undefined {
    const { bytesPerSecPerAddress } = this.#limits
    return allOf([
      ...(ownBytesPerSec === undefined ? [] : [new TokenBucket(ownBytesPerSec)]),
      ...(bytesPerSecPerAddress === undefined
        ? []
        : [kept(this.#bytesOf, address, () => new TokenBucket(bytesPerSecPerAddress))]),
      ...(this.#bytes === undefined ? [] : [this.#bytes]),
    ])
  }
}

/** A second's worth may come at once. */
function requestLimiter(perSecond: number): RateLimiter {
  return new RateLimiter({ burst: Math.max(1, Math.ceil(perSecond)), perSecond })
}

/** The entry of `key`, made when there is none; the one that was not used for longest goes for it. */
function kept<T>(entries: Map<string, T>, key: string, make: () => T): T {
  const entry = entries.get(key) ?? make()
  entries.delete(key)
  entries.set(key, entry)
  if (entries.size > MAX_ADDRESSES) entries.delete(entries.keys().next().value as string)
  return entry
}
