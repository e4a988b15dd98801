/**
 * A UDP port that many made-up hosts of 127/8 share: control data says which of them a datagram is for, and which one it
 * comes from (IP_PKTINFO). Servers see distinct hosts, and there is one socket for all of them. Windows arrive whole
 * (UDP_GRO) and leave whole (UDP_SEGMENT).
 */
import * as linux from '../io/native/linux.ts'
import type { Native } from '../io/native/linux.ts'
import { Messages, NAME_WORDS, SLOT_BYTES } from '../io/native/messages.ts'
import { swapBytes, writeSockaddr } from '../io/native/sockaddr.ts'
import { boundPort, openUdpSocket } from '../io/native/udp-socket.ts'

/** Host 0 is 127.16.0.0: away from 127.0.0.1 and from what people use by hand. */
const FIRST_HOST_WORD = 0x107f
/** 127.16.0.0 to 127.31.255.255. */
export const MAX_HOSTS = 0x10_0000
/** UDP_MAX_SEGMENTS of older kernels, and what IPv4 carries in a datagram. */
const MAX_SEGMENTS = 64
const MAX_UDP_BYTES = 65_507
/** Datagrams received with one call, and sent. */
export const BATCH = 64
/** What thousands of windows at once need; the kernel counts twice as much for its own. */
const RECEIVE_BYTES = 64 * 1024 * 1024
const SEND_BYTES = 16 * 1024 * 1024
/** Requests and acknowledgements: the longest request that TFTP can carry. */
const SMALL_BYTES = 2048
/** CMSG_SPACE of an in_pktinfo and of what UDP_SEGMENT and UDP_GRO carry; CMSG_LEN of the first and of a uint16. */
const PKTINFO_SPACE = 32
const PKTINFO_LENGTH = 28
const SEGMENT_SPACE = 24
const SEGMENT_LENGTH = 18
const CONTROL_BYTES = PKTINFO_SPACE + SEGMENT_SPACE
/** A full socket buffer is waited for this long before a datagram is dropped. */
const ROOM_WAIT_MS = 5

/** What the clients need of a port. */
export interface HostSender {
  /** Its number among the ports of the program. */
  readonly index: number
  /** Transfers on this port. A port without transfers is looked at rarely. */
  live: number
  /** Datagrams that the system would not send. */
  readonly sendErrors: number
  /** A request, ACK or ERROR of at most 2048 bytes, which are copied. */
  send(host: number, to: number, data: Uint8Array, length: number): void
  /**
   * `bytes` of datagrams that lie one behind the other at `address`, each `segment` long and only the last one shorter.
   * They must not change until they have left.
   */
  sendAll(host: number, to: number, address: number, bytes: number, segment: number): void
}

/** For host `host`, on `port`, from the server's port `from`. The bytes are valid during the call only. */
export type Received = (
  host: number,
  port: HostSender,
  from: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
) => void

/** What all ports of a program share. */
export interface HostNetwork {
  readonly native: Native
  /** One inbox for all: what was received is handled before the next call. */
  readonly inbox: Messages
  /** The server's sockaddr. */
  readonly server: Uint32Array
}

export function hostNetwork(native: Native, address: string, port: number): HostNetwork {
  const name = new Uint8Array(linux.SOCKADDR.bytes)
  writeSockaddr(native, name, address, port)
  const inbox = new Messages(native, BATCH, CONTROL_BYTES)
  for (let i = 0; i < BATCH; i++) inbox.setControlBytes(i, CONTROL_BYTES)
  return { native, inbox, server: new Uint32Array(name.buffer) }
}

export class HostPort implements HostSender {
  readonly fd: number
  readonly index: number
  readonly port: number
  live = 0
  sendErrors = 0
  readonly #network: HostNetwork
  readonly #outgoing: Messages
  readonly #small = new Uint8Array(BATCH * SMALL_BYTES)
  readonly #smallAt: number
  readonly #poll = new Uint8Array(linux.POLLFD.bytes)
  readonly #controlWords: Uint32Array
  readonly #inWords: Uint32Array
  #count = 0

  /** On a free port of all addresses. Throws an error with the system's code. */
  constructor(network: HostNetwork, index: number) {
    this.#network = network
    this.index = index
    const { native, inbox } = network
    this.#outgoing = new Messages(native, BATCH, CONTROL_BYTES)
    this.#smallAt = Number(native.address(this.#small.buffer))
    this.#controlWords = new Uint32Array(this.#outgoing.control.buffer)
    this.#inWords = new Uint32Array(inbox.control.buffer)
    for (let i = 0; i < BATCH; i++) this.#layOut(i)
    const options = { local: '0.0.0.0', receiveBytes: RECEIVE_BYTES, sendBytes: SEND_BYTES }
    this.fd = openUdpSocket(native, { ...options, tellsDestination: true, joinsDatagrams: true })
    this.port = boundPort(native, this.fd)
  }

  /** Hands over one batch, datagram by datagram. Returns the messages; `BATCH` of them mean that more may wait. */
  receive(received: Received): number {
    const { native, inbox } = this.#network
    const count = native.recvmmsg(this.fd, inbox.headers, BATCH)
    for (let i = 0; i < count; i++) this.#hand(i, received)
    return Math.max(0, count)
  }

  get hasMore(): boolean {
    return this.#count > 0
  }

  /** Everything that is sent leaves with `flush`, or before when it is much. */
  send(host: number, to: number, data: Uint8Array, length: number): void {
    const i = this.#begin(host, to)
    const at = i * SMALL_BYTES
    for (let k = 0; k < length; k++) this.#small[at + k] = data[k]
    this.#end(i, this.#smallAt + at, length, 0)
  }

  sendAll(host: number, to: number, address: number, bytes: number, segment: number): void {
    const most = Math.max(1, Math.min(MAX_SEGMENTS, Math.floor(MAX_UDP_BYTES / segment))) * segment
    for (let from = 0; from < bytes; from += most) {
      const piece = Math.min(most, bytes - from)
      const i = this.#begin(host, to)
      this.#end(i, address + from, piece, piece > segment ? segment : 0)
    }
  }

  /** Gives to the kernel what was collected. */
  flush(): void {
    const { native } = this.#network
    const { headers } = this.#outgoing
    for (let from = 0, tries = 0; from < this.#count; ) {
      const rest = from === 0 ? headers : headers.subarray(from * linux.MMSGHDR.bytes)
      const sent = native.sendmmsg(this.fd, rest, this.#count - from)
      if (sent > 0) {
        from += sent
        tries = 0
      } else if (-sent !== linux.EINTR && (tries++ > 0 || !this.#waitForRoom(-sent))) {
        this.sendErrors++
        from++
        tries = 0
      }
    }
    this.#count = 0
  }

  close(): void {
    this.#network.native.close(this.fd)
  }

  #hand(i: number, received: Received): void {
    const { inbox, server } = this.#network
    const words = this.#inWords
    const end = inbox.controlBytes(i)
    const start = inbox.controlAt(i)
    let host = -1
    let segment = 0
    for (let at = 0; at + linux.CMSG.data <= end; ) {
      const word = (start + at) >>> 2
      const length = words[word]
      if (length < linux.CMSG.data) break
      const level = words[word + linux.CMSG.level / 4]
      const data = word + linux.CMSG.data / 4
      if (level === linux.SOL_IP) host = hostOf(words[data + linux.PKTINFO.to / 4])
      else if (level === linux.SOL_UDP) segment = words[data]
      at += (length + linux.CMSG.align - 1) & -linux.CMSG.align
    }
    inbox.setControlBytes(i, CONTROL_BYTES)
    const name = i * NAME_WORDS
    const bytes = inbox.received(i)
    // Only the server's own address counts.
    if (host < 0 || inbox.names[name + 1] !== server[1]) return
    const from = swapBytes(inbox.names[name] >>> 16)
    const first = i * SLOT_BYTES
    if (segment === 0) segment = bytes
    for (let offset = 0; offset < bytes; offset += segment) {
      received(host, this, from, inbox.data, first + offset, Math.min(segment, bytes - offset))
    }
  }

  #begin(host: number, to: number): number {
    if (this.#count === BATCH) this.flush()
    const i = this.#count++
    const { names } = this.#outgoing
    names[i * NAME_WORDS] = (linux.AF_INET | (swapBytes(to) << 16)) >>> 0
    this.#controlWords[(i * CONTROL_BYTES + linux.CMSG.data + linux.PKTINFO.from) >>> 2] = wordOf(host)
    return i
  }

  #end(i: number, address: number, bytes: number, segment: number): void {
    const outgoing = this.#outgoing
    outgoing.pointTo(i, address)
    outgoing.setLength(i, bytes)
    outgoing.setControlBytes(i, segment === 0 ? PKTINFO_SPACE : CONTROL_BYTES)
    const data = i * CONTROL_BYTES + PKTINFO_SPACE + linux.CMSG.data
    if (segment !== 0) this.#controlWords[data >>> 2] = segment
  }

  #layOut(i: number): void {
    const outgoing = this.#outgoing
    const view = outgoing.controlView
    const at = outgoing.controlAt(i)
    view.setBigUint64(at + linux.CMSG.length, BigInt(PKTINFO_LENGTH), true)
    view.setInt32(at + linux.CMSG.level, linux.SOL_IP, true)
    view.setInt32(at + linux.CMSG.type, linux.IP_PKTINFO, true)
    const segment = at + PKTINFO_SPACE
    view.setBigUint64(segment + linux.CMSG.length, BigInt(SEGMENT_LENGTH), true)
    view.setInt32(segment + linux.CMSG.level, linux.SOL_UDP, true)
    view.setInt32(segment + linux.CMSG.type, linux.UDP_SEGMENT, true)
    outgoing.names.set(this.#network.server, i * NAME_WORDS)
    outgoing.setNameBytes(i, linux.SOCKADDR.inBytes)
  }

  #waitForRoom(errno: number): boolean {
    if (errno !== linux.EAGAIN && errno !== linux.ENOBUFS) return false
    linux.writePollfd(this.#poll, 0, this.fd, linux.POLLOUT)
    return this.#network.native.poll(this.#poll, 1, ROOM_WAIT_MS) > 0
  }
}

/** The address of host `host` in dotted form. */
export function hostAddress(host: number): string {
  return `127.${16 + (host >>> 16)}.${(host >>> 8) & 255}.${host & 255}`
}

/** The address as a little-endian processor reads it. */
function wordOf(host: number): number {
  return (FIRST_HOST_WORD + ((host >>> 16) << 8) + (((host >>> 8) & 255) << 16) + (host & 255) * 0x100_0000) >>> 0
}

/** Negative for an address that is no host's. */
function hostOf(word: number): number {
  if ((word & 0xff) !== 0x7f) return -1
  return (((word >>> 8) & 0xff) - 16) * 0x1_0000 + ((word >>> 16) & 0xff) * 0x100 + (word >>> 24)
}
