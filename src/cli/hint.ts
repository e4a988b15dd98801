/** After the start of a server: the line to fetch a file with, ready to be copied. */
import { readdirSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { basename, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FROM_SOURCES, PACKAGE_ROOT } from '../own-files.ts'
import { addressPort, escapeText } from '../packet/index.ts'
import { USUAL_PORT } from './port.ts'

type Bound = readonly { readonly address: string; readonly port: number }[]

/** One line for another terminal or machine, and one for a U-Boot console where the port allows it. */
export function fetchLines(path: string, bound: Bound): string[] {
  const file = exampleFile(path)
  const first = bound[0]
  if (first === undefined || file === undefined) return []
  const address = reachable(bound.map((one) => one.address))
  const port = first.port
  const authority = port === USUAL_PORT ? addressPort(address, port).replace(/:69$/, '') : addressPort(address, port)
  const lines = [
    `Fetch a file with:  ${programName()} get 'tftp://${authority}/${encodeURIComponent(file).replaceAll("'", '%27')}'`,
  ]
  if (port === USUAL_PORT && !address.includes(':') && !address.startsWith('127.')) {
    lines.push(`or in U-Boot:       setenv serverip ${address}; tftpboot ${escapeText(file)}`)
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

/** The address that another machine would use: IPv4 before IPv6, loopback last. */
function reachable(addresses: readonly string[]): string {
  const wildcard = addresses.find((address) => address === '0.0.0.0' || address === '::')
  const candidates =
    wildcard === undefined ? addresses : [...localAddresses(), ...(wildcard === '::' ? ['::1'] : ['127.0.0.1'])]
  const rank = (address: string): number =>
    (isLoopback(address) ? 4 : 0) + (address.includes('%') ? 2 : 0) + (address.includes(':') ? 1 : 0)
  return [...candidates].sort((a, b) => rank(a) - rank(b))[0] ?? '127.0.0.1'
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter((one) => one.family === 'IPv4').map((one) => one.address),
  )
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
