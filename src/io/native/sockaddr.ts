/** Addresses as the kernel reads them, in slots of `SOCKADDR.bytes` that are also read as eight 32-bit words. */
import ipaddr from 'ipaddr.js'
import { AF_INET, AF_INET6, SOCKADDR } from './linux.ts'
import type { Native } from './linux.ts'

/** Writes `address` (with its zone where it has one) and `port` to the start of `target`; returns the length in bytes. */
export function writeSockaddr(native: Native, target: Uint8Array, address: string, port: number): number {
  target.fill(0, 0, SOCKADDR.bytes)
  if (writeIpv4(target, address)) {
    target[0] = AF_INET
    target[SOCKADDR.port] = port >>> 8
    target[SOCKADDR.port + 1] = port
    return SOCKADDR.inBytes
  }
  const [bare = '', zone] = address.split('%')
  const parsed = ipaddr.parse(bare)
  const six = parsed.kind() === 'ipv6'
  const view = new DataView(target.buffer, target.byteOffset)
  view.setUint16(0, six ? AF_INET6 : AF_INET, true)
  view.setUint16(SOCKADDR.port, port)
  target.set(parsed.toByteArray(), six ? SOCKADDR.in6Address : SOCKADDR.inAddress)
  if (!six) return SOCKADDR.inBytes
  if (zone !== undefined) {
    view.setUint32(SOCKADDR.in6Scope, /^\d+$/.test(zone) ? Number(zone) : native.interfaceIndex(zone), true)
  }
  return SOCKADDR.in6Bytes
}

/** For each transfer, so without a parser for everything; false for what is not four plain numbers. */
function writeIpv4(target: Uint8Array, address: string): boolean {
  let value = -1
  let parts = 0
  for (let i = 0; i <= address.length; i++) {
    const digit = i < address.length ? address.charCodeAt(i) - 48 : -2
    if (digit >= 0 && digit <= 9) value = Math.max(0, value) * 10 + digit
    else if (digit !== -2 || value < 0 || value > 255 || parts > 3) return false
    else {
      target[SOCKADDR.inAddress + parts++] = value
      value = -1
    }
  }
  return parts === 4
}

/** The port of a socket's own name. */
export function portOf(name: Uint8Array): number {
  return ((name[SOCKADDR.port] as number) << 8) | (name[SOCKADDR.port + 1] as number)
}

/** A port between the order of the network and that of the processor. */
export function swapBytes(port: number): number {
  return ((port & 0xff) << 8) | (port >>> 8)
}

/** The port in the sockaddr that begins at word `at` of `names`. */
export function peerPort(names: Uint32Array, at: number): number {
  return swapBytes(names[at] >>> 16)
}

/** The address in the sockaddr at word `at` of `names`, as people write it. */
export function addressText(names: Uint32Array, at: number): string {
  if ((names[at] & 0xffff) === AF_INET6) {
    const bytes = new Uint8Array(names.buffer, names.byteOffset + at * 4 + SOCKADDR.in6Address, 16)
    return ipaddr.fromByteArray([...bytes]).toString()
  }
  const word = names[at + SOCKADDR.inAddress / 4]
  // Joined, so that it lies in one piece: a transfer keeps it.
  return [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24].join('.')
}
