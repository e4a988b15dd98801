/** The kinds that settings have, in `serve` and in its rules alike. */
import { InvalidArgumentError } from 'commander'
import ipaddr from 'ipaddr.js'
import { REFUSABLE } from '../../server/config.ts'
import { isMac } from '../../server/networks.ts'
import { portRangeOf } from '../../io/port-range.ts'
import { addressList, decimalNumber, networkList, oneOf, wholeNumber, windowFlag, workersFlag } from '../flags.ts'
import type { Kind } from './kind.ts'

/** Tftpd64's field takes a few kilobytes; more than this is a mistake in the unit. */
const MAX_ANTICIPATION_BYTES = 1_000_000
const MIN_RATE = 4096
const MAX_RATE = 1e12
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 }

const whole = (what: string, min: number, max: number): Kind => ({ type: 'number', parse: wholeNumber(what, min, max) })
const decimal = (what: string, min: number, max: number): Kind => ({
  type: 'number',
  parse: decimalNumber(what, min, max),
})
const word = (...words: readonly string[]): Kind => ({ type: 'text', parse: oneOf(...words) })
/** A list whose items `check` takes; it throws what is wrong with one. */
const list = (check: (text: string) => string): Kind => ({
  type: 'list',
  parse: (text, before) => [...(before ?? []), check(text)],
})

export const KIND = {
  on: { type: 'switch', isOn: false },
  off: { type: 'switch', isOn: true },
  path: { type: 'path' },
  text: { type: 'text', parse: (text) => text },
  addresses: { type: 'list', parse: addressList },
  networks: { type: 'list', parse: networkList },
  clients: list(client),
  patterns: list(pattern),
  options: list(optionName),
  port: whole('a UDP port', 0, 65535),
  portRange: { type: 'text', parse: portRange },
  window: { type: 'either', parse: windowFlag },
  workers: { type: 'either', parse: workersFlag },
  rollover: { type: 'either', parse: rollover },
  rate: { type: 'either', parse: rate },
  seconds: decimal('seconds', 0.1, 1_000_000),
  requests: decimal('requests in a second', 0.1, 1_000_000),
  transfers: whole('transfers', 1, 1_000_000),
  blksize: whole('bytes', 8, 65464),
  windowsize: whole('blocks', 1, 65535),
  anticipation: whole('bytes', 0, MAX_ANTICIPATION_BYTES),
  copies: whole('how often to send each block', 1, 8),
  gap: decimal('milliseconds', 0, 1000),
  rto: decimal('milliseconds', 1, 60_000),
  word,
} as const satisfies Record<string, Kind | typeof word>

function client(text: string): string {
  if (isMac(text)) return text.toLowerCase()
  const isAddress = ipaddr.isValid(text) && (text.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(text))
  if (!isAddress && !ipaddr.isValidCIDR(text)) {
    throw new InvalidArgumentError('It takes a network such as 192.168.1.0/24, an address, or a MAC address.')
  }
  return text
}

function pattern(text: string): string {
  if (text === '') throw new InvalidArgumentError('It takes a pattern of file names, such as *.cfg.')
  return text
}

function optionName(text: string): string {
  const name = text.toLowerCase()
  if (!REFUSABLE.includes(name))
    throw new InvalidArgumentError(`It takes the name of an option: ${REFUSABLE.join(', ')}.`)
  return name
}

function portRange(text: string): string {
  if (portRangeOf(text) === undefined) throw new InvalidArgumentError('It takes two ports, such as 50000:50999.')
  return text
}

function rollover(text: string): string | number {
  if (text === 'any' || text === 'none') return text
  if (text === '0' || text === '1') return Number(text)
  throw new InvalidArgumentError('It takes any, none, 0 or 1.')
}

/** Bytes in a second, decimal units: 500k, 10M, 1G. */
function rate(text: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)([kMG]?)$/.exec(text)
  const bytes = match === null ? Number.NaN : Math.floor(Number(match[1]) * (UNITS[match[2] as string] as number))
  if (!(bytes >= MIN_RATE && bytes <= MAX_RATE)) {
    throw new InvalidArgumentError(`It takes bytes in a second, such as 500k, 10M or 1G: ${MIN_RATE} at least.`)
  }
  return bytes
}
