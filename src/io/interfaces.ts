/**
 * This machine's addresses, as a server needs them: which to bind, which one a broadcast reached, and which line of
 * shell would add a missing one. Everything here but `localAddresses` and `cabledInterfaces` is pure.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { isIPv4, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { NetworkInterfaceInfo } from 'node:os'

export interface LocalAddress {
  /** As a socket wants it: IPv6 link-local addresses carry their zone. */
  readonly address: string
  readonly family: 4 | 6
  /** IPv4: the 32 bits of the address and of its mask; 0 for IPv6. */
  readonly bits: number
  readonly mask: number
}

export type InterfaceTable = NodeJS.Dict<NetworkInterfaceInfo[]>

/** Every address of every interface that is up. `table` is `os.networkInterfaces()` in real life. */
export function localAddresses(table: InterfaceTable = networkInterfaces()): LocalAddress[] {
  const found: LocalAddress[] = []
  for (const [name, entries] of Object.entries(table)) {
    for (const entry of entries ?? []) {
      if (entry.family === 'IPv4') {
        found.push({ address: entry.address, family: 4, bits: ipv4Bits(entry.address), mask: ipv4Bits(entry.netmask) })
      } else {
        const zone = isLinkLocal6(entry.address) ? `%${name}` : ''
        found.push({ address: entry.address + zone, family: 6, bits: 0, mask: 0 })
      }
    }
  }
  return found
}

/** The subnet's broadcast address; undefined where there is none (loopback, /31, /32, IPv6). */
export function broadcastOf(local: LocalAddress): string | undefined {
  if (local.family !== 4 || local.mask >>> 0 >= 0xfffffffe || local.bits >>> 24 === 127) return undefined
  return ipv4Text((local.bits & local.mask) | (~local.mask >>> 0))
}

/** The wildcard address of the family of `peer`, to send from where the system chooses. */
export function anyAddress(peer: string): string {
  return peer.includes(':') ? '::' : '0.0.0.0'
}

/** The local address whose subnet holds `peer`, the narrowest one first; '' when none does. */
export function localFor(peer: string, locals: readonly LocalAddress[]): string {
  if (!isIPv4(peer)) return ''
  const bits = ipv4Bits(peer)
  let best: LocalAddress | undefined
  for (const local of locals) {
    if (local.family !== 4 || ((local.bits ^ bits) & local.mask) !== 0) continue
    if (best === undefined || local.mask >>> 0 > best.mask >>> 0) best = local
  }
  return best?.address ?? ''
}

/** One shell line that gives `address` to a network card of this machine. */
export function addAddressLine(address: string, cards: readonly string[] = cabledInterfaces()): string {
  const card = cards[0]
  if (process.platform === 'darwin') return `sudo ifconfig ${card ?? 'en0'} alias ${address} netmask 255.255.255.0`
  if (process.platform === 'win32')
    return `netsh interface ip add address "${card ?? 'Ethernet'}" ${address} 255.255.255.0`
  return `sudo ip addr add ${address}/${isIPv6(address) ? 64 : 24} dev ${card ?? 'eth0'}`
}

/** Network cards that a cable may be plugged into, those with a link first. Also cards that have no address yet. */
export function cabledInterfaces(): string[] {
  if (process.platform !== 'linux') {
    return Object.keys(networkInterfaces()).filter((name) => /^(en|eth)/i.test(name))
  }
  try {
    const names = readdirSync('/sys/class/net').filter((name) => !isVirtualCard(name))
    return names.sort((a, b) => cardRank(b) - cardRank(a) || a.localeCompare(b))
  } catch {
    return []
  }
}

/** Bridges, tunnels and containers' ends: real cards hang below a bus. */
function isVirtualCard(name: string): boolean {
  if (name === 'lo') return true
  try {
    return realpathSync(`/sys/class/net/${name}`).includes('/devices/virtual/')
  } catch {
    return true
  }
}

function cardRank(name: string): number {
  let linked = false
  try {
    linked = readFileSync(`/sys/class/net/${name}/carrier`, 'utf8').trim() === '1'
  } catch {
    // The file cannot be read while the card is down.
  }
  return (linked ? 1 : 0) + (/^(en|eth)/.test(name) ? 2 : 0)
}

function isLinkLocal6(address: string): boolean {
  return /^fe[89ab]/i.test(address)
}

function ipv4Bits(address: string): number {
  let bits = 0
  for (const part of address.split('.')) bits = (bits << 8) | Number(part)
  return bits >>> 0
}

function ipv4Text(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`
}
