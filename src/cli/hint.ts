/** After the start of a server: the line to fetch a file with, ready to be copied. */
import { readdirSync, statSync } from 'node:fs'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { basename, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { InterfaceTable } from '../io/interfaces.ts'
import { networkText } from '../server/networks.ts'
import { isNear } from '../io/near.ts'
import { Peers } from '../server/peers.ts'
import { FROM_SOURCES, PACKAGE_ROOT } from '../own-files.ts'
import { addressPort, escapeText } from '../packet/index.ts'
import { USUAL_PORT } from './port.ts'

type Bound = readonly { readonly address: string; readonly port: number }[]

/**
 * One line for another terminal or machine, one for a U-Boot console where the port allows it, and one for a network that is not served
 * (`allow` as in ServerConfig; `table` is `os.networkInterfaces()` in real life).
 */
export function fetchLines(
  path: string,
  bound: Bound,
  allow: readonly string[],
  table: InterfaceTable = networkInterfaces(),
): string[] {
  const file = exampleFile(path)
  const first = bound[0]
  if (first === undefined || file === undefined) return []
  const peers = new Peers(allow)
  const isServed = (address: string): boolean => peers.refusal(address, isNear(address)) === undefined
  const addresses = ranked(
    bound.map((one) => one.address),
    isServed,
    table,
  )
  const address = addresses[0] ?? '127.0.0.1'
  const port = first.port
  const authority = port === USUAL_PORT ? addressPort(address, port).replace(/:69$/, '') : addressPort(address, port)
  const lines = [
    `Fetch a file with:  ${programName()} get 'tftp://${authority}/${encodeURIComponent(file).replaceAll("'", '%27')}'`,
  ]
  if (port === USUAL_PORT && !address.includes(':') && !address.startsWith('127.')) {
    lines.push(`or in U-Boot:       setenv serverip ${address}; tftpboot ${escapeText(file)}`)
  }
  const unserved = addresses.find((one) => !isServed(one))
  if (unserved !== undefined && (address === unserved || isLoopback(address))) {
    const network = networkOf(unserved, table) ?? unserved
    lines.push(`Not served yet:     devices in ${network}, as it is not private; add --allow ${network}`)
  }
  return lines
}

/** A file that can be asked for: the only one, or the first in the folder. */
function exampleFile(path: string): string | undefined {
  try {
    if (!statSync(path).isDirectory()) return basename(path)
    const names = readdirSync(path, { withFileTypes: true }).filter(
      (entry) => entry.isFile() && !entry.name.startsWith('.'),
    )
    return names.map((entry) => entry.name).sort()[0]
  } catch {
    return undefined // The folder went away in this moment; the server says so itself.
  }
}

/**
 * The addresses that the file can be fetched at, the best first: one that another machine would use, IPv4 before IPv6, then loopback. What
 * comes from a network that is not served gets no answer, so its address is last.
 */
function ranked(addresses: readonly string[], isServed: (address: string) => boolean, table: InterfaceTable): string[] {
  const wildcard = addresses.find((address) => address === '0.0.0.0' || address === '::')
  const candidates =
    wildcard === undefined ? addresses : [...ipv4Of(table), ...(wildcard === '::' ? ['::1'] : ['127.0.0.1'])]
  const rank = (address: string): number =>
    (isServed(address) ? 0 : 8) +
    (isLoopback(address) ? 4 : 0) +
    (address.includes('%') ? 2 : 0) +
    (address.includes(':') ? 1 : 0)
  return [...candidates].sort((a, b) => rank(a) - rank(b))
}

function ipv4Of(table: InterfaceTable): string[] {
  return cardsOf(table)
    .filter((one) => one.family === 'IPv4')
    .map((one) => one.address)
}

/** The network that one of this machine's addresses is in, such as 203.0.113.0/24. */
function networkOf(address: string, table: InterfaceTable): string | undefined {
  const cidr = cardsOf(table).find((one) => one.address === address)?.cidr ?? undefined
  return cidr === undefined ? undefined : networkText(cidr)
}

function cardsOf(table: InterfaceTable): NetworkInterfaceInfo[] {
  return Object.values(table).flatMap((list) => list ?? [])
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** How this program was called, so that the line works when it is pasted: from a checkout, by npx, or installed. */
function programName(): string {
  const launcher = fileURLToPath(new URL('bin/foresend.js', PACKAGE_ROOT))
  if (FROM_SOURCES) {
    const near = relative(process.cwd(), launcher)
    return near.startsWith('..') ? launcher : `./${near}`
  }
  return process.env.npm_command === 'exec' ? 'npx foresend' : 'foresend'
}
