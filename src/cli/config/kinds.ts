/** The kinds that settings have, in `serve` and in its rules alike. */
import { resolve } from 'node:path'
import { InvalidArgumentError } from 'commander'
import ipaddr from 'ipaddr.js'
import { DIGESTS } from '../../content/upload-rules.ts'
import { MAX_RECORD_FILES, MAX_RECORD_MIB, REFUSABLE } from '../../server/config.ts'
import { isMac } from '../../server/networks.ts'
import { groupAddressesOf, groupPortsOf } from '../../io/group-range.ts'
import { portRangeOf } from '../../io/port-range.ts'
import { placeOf } from '../../control/http/place.ts'
import { addressList, decimalNumber, networkList, oneOf, wholeNumber, windowFlag, workersFlag } from '../flags.ts'
import { type Kind, pathText } from './kind.ts'

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
const list = (check: (text: string) => string): Extract<Kind, { type: 'list' }> => ({
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
  groups: { type: 'text', parse: groups },
  groupPorts: { type: 'text', parse: groupPorts },
  ttl: whole('routers, plus one', 1, 255),
  window: { type: 'either', parse: windowFlag },
  workers: { type: 'either', parse: workersFlag },
  rollover: { type: 'either', parse: rollover },
  rate: { type: 'either', parse: rate },
  size: { type: 'either', parse: size },
  paths: { ...list(pathText), place: (folder, item) => resolve(folder, item) },
  clientRoots: { ...list(clientRoot), place: placeClientRoot },
  digests: { type: 'list', parse: (text, before) => [...(before ?? []), ...text.split(',').map(oneOf(...DIGESTS))] },
  seconds: decimal('seconds', 0.1, 1_000_000),
  requests: decimal('requests in a second', 0.1, 1_000_000),
  transfers: whole('transfers', 1, 1_000_000),
  blksize: whole('bytes', 8, 65464),
  windowsize: whole('blocks', 1, 65535),
  anticipation: whole('bytes', 0, MAX_ANTICIPATION_BYTES),
  copies: whole('how often to send each block', 1, 8),
  gap: decimal('milliseconds', 0, 1000),
  rto: decimal('milliseconds', 1, 60_000),
  recordFiles: whole('files', 1, MAX_RECORD_FILES),
  recordMib: whole('MiB', 1, MAX_RECORD_MIB),
  httpPlace: { type: 'either', parse: httpPlace },
  httpNames: list(httpName),
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

/** `[ADDR:]PORT`: text, as a port alone is the port of the loopback address. */
function httpPlace(text: string): string {
  if (placeOf(text) === undefined)
    throw new InvalidArgumentError('It takes a port, or an address and a port: 8069, 192.168.1.10:8069, [::1]:8069.')
  return text
}

function httpName(text: string): string {
  if (!/^(?:[a-z\d_-]+\.)*[a-z\d_-]+(?::\d{1,5})?$/i.test(text))
    throw new InvalidArgumentError(
      'It takes a host name, or an address and a port, as a browser shows it: tftp.example.com.',
    )
  return text.toLowerCase()
}

function optionName(text: string): string {
  const name = text.toLowerCase()
  if (!REFUSABLE.includes(name))
    throw new InvalidArgumentError(`It takes the name of an option: ${REFUSABLE.join(', ')}.`)
  return name
}

function portRange(text: string): string {
  if (portRangeOf(text) === undefined)
    throw new InvalidArgumentError('It takes two ports, the lower one first, such as 50000:50999.')
  return text
}

function groups(text: string): string {
  if (groupAddressesOf(text) === undefined)
    throw new InvalidArgumentError('It takes multicast addresses, such as 239.255.0.0-255 or 239.255.0.0-31,200.')
  return text
}

function groupPorts(text: string): string {
  if (groupPortsOf(text) === undefined)
    throw new InvalidArgumentError('It takes ports, such as 1758 or 1758-1761,8000.')
  return text
}

function rollover(text: string): string | number {
  if (text === 'any' || text === 'none') return text
  if (text === '0' || text === '1') return Number(text)
  throw new InvalidArgumentError('It takes any, none, 0 or 1.')
}

/** Decimal units: 500k, 10M, 1G. Not a number for anything else. */
function bytesOf(text: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)([kMG]?)$/.exec(text)
  return match === null ? Number.NaN : Math.floor(Number(match[1]) * (UNITS[match[2] as string] as number))
}

function size(text: string): number {
  const bytes = bytesOf(text)
  if (!Number.isSafeInteger(bytes)) throw new InvalidArgumentError('It takes bytes, such as 500k, 10M or 1G.')
  return bytes
}

function clientRoot(text: string): string {
  if (!/^[^=]+=.+$/.test(text))
    throw new InvalidArgumentError('It takes CLIENT=DIR, such as 192.168.1.20=/srv/tftp/lab.')
  return text
}

function placeClientRoot(folder: string, item: string): string {
  const at = item.indexOf('=') + 1
  return item.slice(0, at) + resolve(folder, item.slice(at))
}

/** Bytes in a second. */
function rate(text: string): number {
  const bytes = bytesOf(text)
  if (!(bytes >= MIN_RATE && bytes <= MAX_RATE)) {
    throw new InvalidArgumentError(`It takes bytes in a second, such as 500k, 10M or 1G: ${MIN_RATE} at least.`)
  }
  return bytes
}
