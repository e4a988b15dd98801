/**
 * Parsers for flag values. Each says in one line what is wrong, why, and what would be right; commander puts the name
 * of the flag and what was given in front.
 */
import { InvalidArgumentError } from 'commander'
import ipaddr from 'ipaddr.js'
import type { Option } from '../packet/index.ts'

/** A flag that takes a whole number of `what` from `min` to `max`. */
export function wholeNumber(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`It takes ${what}: a whole number from ${min} to ${max}.`)
    }
    return value
  }
}

/** A flag that takes a number of `what` from `min` to `max`, decimals allowed. */
export function decimalNumber(what: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`It takes ${what}: a number from ${min} to ${max}.`)
    }
    return value
  }
}

/** `--window`: auto, strict, or blocks that may be on the way. 64 blocks of 64 KiB already exceed any device's buffer. */
export function windowFlag(text: string): 'auto' | 'strict' | number {
  if (text === 'auto' || text === 'strict') return text
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > MAX_WINDOW_BLOCKS) {
    throw new InvalidArgumentError(
      `It takes auto, strict, or how many blocks may be on the way: 1 to ${MAX_WINDOW_BLOCKS}.`,
    )
  }
  return value
}

/** Above this a window that was not negotiated only overruns receive rings. */
export const MAX_WINDOW_BLOCKS = 64

/** `--workers`: auto, or a number of threads. */
export function workersFlag(text: string): 'auto' | number {
  if (text === 'auto') return text
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > MAX_WORKERS)
    throw new InvalidArgumentError(`It takes auto, or threads: 1 to ${MAX_WORKERS}.`)
  return value
}

/** No machine has that many cores to give; each costs some 15 MB. */
const MAX_WORKERS = 64

/** `--host`, collected: an address of this machine, not a name. */
export function addressList(text: string, before: readonly string[] | undefined): readonly string[] {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  if (!ipaddr.isValid(bare) || (ipaddr.IPv4.isValid(bare) && !ipaddr.IPv4.isValidFourPartDecimal(bare))) {
    throw new InvalidArgumentError('It takes an address of this machine, such as 192.168.1.10 or fe80::1%eth0.')
  }
  return [...(before ?? []), bare]
}

/** `--allow`, collected: a network in CIDR notation; one address stands for itself alone. */
export function networkList(text: string, before: readonly string[] | undefined): readonly string[] {
  const network = text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`
  try {
    ipaddr.parseCIDR(network)
  } catch {
    throw new InvalidArgumentError('It takes a network such as 203.0.113.0/24 or 2001:db8::/32, or one address.')
  }
  return [...(before ?? []), network]
}

/** `--option`, collected: `NAME=VALUE` (RFC 2347). Of two with one name the last counts. */
export function optionList(text: string, before: readonly Option[] | undefined): readonly Option[] {
  const [, name, value] = /^([!-<>-~]{1,32})=([ -~]{1,64})$/.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('It takes an option of the request, such as blksize=1024 or rollover=1.')
  }
  const option = { name: name.toLowerCase(), value }
  return [...(before ?? []).filter((other) => other.name !== option.name), option]
}

/** `--sha256`: the digest in hexadecimal. */
export function digestFlag(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new InvalidArgumentError('It takes the 64 hexadecimal digits that `sha256sum FILE` prints.')
  }
  return text.toLowerCase()
}

/** A flag that takes one of a few words. */
export function oneOf<T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text)
    if (found === undefined)
      throw new InvalidArgumentError(`It takes ${words.slice(0, -1).join(', ')} or ${words.at(-1)}.`)
    return found
  }
}

/** `{ [key]: value }`, or nothing when the flag was not given: optional properties are absent, never undefined. */
export function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V }
}
