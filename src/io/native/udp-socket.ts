/** Opens UDP sockets by system calls: for the fast driver, for the fast client sockets, and for the hosts of a load. */
import { getSystemErrorName } from 'node:util'
import * as linux from './linux.ts'
import type { Native } from './linux.ts'
import { portOf, writeSockaddr } from './sockaddr.ts'

export interface UdpSocketOptions {
  /** The numeric local address, IPv6 link-local with its zone. */
  readonly local: string
  /** Default 0: a free port that the system chooses. */
  readonly port?: number
  /** Asked for, in bytes: a system that does not allow as much gives its limit. */
  readonly receiveBytes: number
  /** Asked for, in bytes; the system's default without it. */
  readonly sendBytes?: number
  /** ICMP errors go to the socket's error queue, with the peer that each is about. */
  readonly errorQueue?: boolean
  /** Other sockets may have the same address and port, and the kernel spreads the peers over them. */
  readonly sharedPort?: boolean
  /** Datagrams of one peer arrive joined, with their length in the control data. Linux before 5.0 hands them over one by one. */
  readonly joinsDatagrams?: boolean
  /** The control data of a datagram has the address that it was sent to (IP_PKTINFO). */
  readonly tellsDestination?: boolean
}

/** Returns the descriptor of a bound socket that never blocks. Throws an error with the system's `code`. */
export function openUdpSocket(native: Native, options: UdpSocketOptions): number {
  const { local, receiveBytes, sendBytes } = options
  const six = local.includes(':')
  const fd = check('socket', native.socket(six ? linux.AF_INET6 : linux.AF_INET, linux.DATAGRAM_SOCKET))
  const must = (level: number, option: number): void => {
    check('setsockopt', native.setsockopt(fd, level, option, 1))
  }
  try {
    if (six) must(linux.SOL_IPV6, linux.IPV6_V6ONLY)
    if (options.sharedPort === true) must(linux.SOL_SOCKET, linux.SO_REUSEPORT)
    if (options.errorQueue === true && six) must(linux.SOL_IPV6, linux.IPV6_RECVERR)
    else if (options.errorQueue === true) must(linux.SOL_IP, linux.IP_RECVERR)
    if (options.tellsDestination === true) must(linux.SOL_IP, linux.IP_PKTINFO)
    if (options.joinsDatagrams === true) native.setsockopt(fd, linux.SOL_UDP, linux.UDP_GRO, 1)
    growReceiveBuffer(native, fd, receiveBytes)
    if (sendBytes !== undefined) grow(native, fd, linux.SO_SNDBUFFORCE, linux.SO_SNDBUF, sendBytes)
    const name = new Uint8Array(linux.SOCKADDR.bytes)
    check('bind', native.bind(fd, name, writeSockaddr(native, name, local, options.port ?? 0)))
    return fd
  } catch (error) {
    native.close(fd)
    throw error
  }
}

/** The local port that a socket is bound to. Throws an error with the system's `code`. */
export function boundPort(native: Native, fd: number): number {
  const name = new Uint8Array(linux.SOCKADDR.bytes)
  check('getsockname', native.getsockname(fd, name))
  return portOf(name)
}

/** Bytes that may wait in `fd` to be received, as far as the system grants them. */
export function growReceiveBuffer(native: Native, fd: number, bytes: number): void {
  grow(native, fd, linux.SO_RCVBUFFORCE, linux.SO_RCVBUF, bytes)
}

/** The forced option needs a privilege; the plain one stops at the system's limit. */
function grow(native: Native, fd: number, forced: number, plain: number, bytes: number): void {
  if (native.setsockopt(fd, linux.SOL_SOCKET, forced, bytes) < 0) native.setsockopt(fd, linux.SOL_SOCKET, plain, bytes)
}

/** Throws what Node would throw where the system call `what` returned an error number. */
function check(what: string, result: number): number {
  if (result >= 0) return result
  const code = getSystemErrorName(result)
  throw Object.assign(new Error(`${what} ${code}`), { code, errno: -result })
}
