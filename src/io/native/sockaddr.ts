/** Addresses as the kernel reads them, in slots of `SOCKADDR.bytes` that are also read as eight 32-bit words. */
import ipaddr from 'ipaddr.js'
import { AF_INET, AF_INET6, SOCKADDR } from './linux.ts'
import type { Native } from './linux.ts'

/** Writes `address` (with its zone where it has one) and `port` to the start of `target`; returns the length in bytes. */
export function writeSockaddr(native: Native, target: Uint8Array, address: string, port: number): number {
  target.fill(0, 0, SOCKADDR.bytes)
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

/** The port of a socket's own name. */
export function portOf(name: Uint8Array): number {
  return ((name[SOCKADDR.port] as number) << 8) | (name[SOCKADDR.port + 1] as number)
}

/** The IPv4 address in the sockaddr that begins at word `at`. */
export function addressOf(names: Uint32Array, at: number): string {
  const word = names[at + 1]
  return `${word & 255}.${(word >>> 8) & 255}.${(word >>> 16) & 255}.${word >>> 24}`
}

/** The port in the sockaddr that begins at word `at`. */
export function peerPort(names: Uint32Array, at: number): number {
  const word = names[at]
  return ((word >>> 8) & 0xff00) | (word >>> 24)
}
