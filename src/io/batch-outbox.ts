/**
 * What the machines send while the driver is at work, collected and given to the kernel in as few calls as possible: a
 * window to one peer is one message that the kernel cuts up (UDP_SEGMENT), and messages through one socket are one
 * `sendmmsg`.
 */
import type { DriverStats, Frame } from './driver.ts'
import { Messages, NAME_WORDS, SLOT_BYTES } from './native/messages.ts'
import * as linux from './native/linux.ts'
import type { Native } from './native/linux.ts'

/** Messages of one call; more add nothing to the speed and fall out of the cache. */
const MESSAGES = 32
/** UDP_MAX_SEGMENTS of older kernels, and what IPv4 carries in a datagram. */
const MAX_SEGMENTS = 64
const MAX_UDP_BYTES = 65_507
/** CMSG_SPACE(sizeof(uint16_t)) and CMSG_LEN of the same. */
const CONTROL_BYTES = 24
const CONTROL_LENGTH = 18
/** A full socket buffer empties at the speed of the cable: this long is waited for room before datagrams are dropped. */
const ROOM_WAIT_MS = 2
/** ICMP errors of other peers that a single send can run into. */
const MAX_RETRIES = 8
/** Views of slots are kept for so many block sizes. */
const MAX_STRIDES = 16

/** Where a message leaves from and goes to. */
export interface Route {
  readonly socket: OutSocket
  /** The peer's sockaddr. */
  readonly name: Uint32Array
  readonly nameBytes: number
  /** The kernel may cut windows up; set to false once it would not. */
  segments: boolean
}

export interface OutSocket {
  readonly fd: number
  /** Takes what ICMP said from the socket, so that the next send does not run into it. */
  drainErrors(): void
}

/** For recordings: one datagram left. */
export type Sent = (route: Route, data: Uint8Array) => void

export class Outbox {
  readonly #native: Native
  readonly #stats: DriverStats
  readonly #messages: Messages
  readonly #one: Messages
  readonly #routes: (Route | undefined)[] = Array.from({ length: MESSAGES })
  /** Bytes of a segment of each message; 0 for a plain datagram. */
  readonly #segments = new Uint16Array(MESSAGES)
  readonly #strides = new Map<number, Uint8Array[]>()
  readonly #poll = new Uint8Array(linux.POLLFD.bytes)
  readonly #sent: Sent | undefined
  #count = 0
  #flushing = false

  constructor(native: Native, stats: DriverStats, sent?: Sent) {
    this.#native = native
    this.#stats = stats
    this.#sent = sent
    this.#messages = new Messages(native, MESSAGES, CONTROL_BYTES)
    this.#one = new Messages(native, 1, 0)
    for (let i = 0; i < MESSAGES; i++) {
      const at = this.#messages.controlAt(i)
      const view = this.#messages.controlView
      view.setBigUint64(at + linux.CMSG.length, BigInt(CONTROL_LENGTH), true)
      view.setInt32(at + linux.CMSG.level, linux.SOL_UDP, true)
      view.setInt32(at + linux.CMSG.type, linux.UDP_SEGMENT, true)
    }
  }

  control(route: Route, buffer: Uint8Array, length: number): void {
    const i = this.#begin(route)
    const { data } = this.#messages
    const base = i * SLOT_BYTES
    for (let k = 0; k < length; k++) data[base + k] = buffer[k] as number
    this.#end(i, length, 0)
  }

  /** A small datagram that no recording shows: nobody's transfer. */
  answer(route: Route, data: Uint8Array): void {
    const one = this.#one
    one.data.set(data)
    one.names.set(route.name)
    one.setNameBytes(0, route.nameBytes)
    one.setLength(0, data.length)
    if (this.#native.sendmmsg(route.socket.fd, one.headers, 1) < 0) this.#stats.sendErrors++
  }

  /** See `Tid.sendBlocks`. */
  blocks(route: Route, frame: Frame, first: number, count: number, maxBytes: number): void {
    const perMessage = route.segments ? Math.max(1, Math.min(MAX_SEGMENTS, Math.floor(MAX_UDP_BYTES / maxBytes))) : 1
    const views = this.#views(maxBytes)
    for (let seq = first, end = first + count; seq < end; ) {
      const i = this.#begin(route)
      const stop = Math.min(end, seq + perMessage)
      let bytes = 0
      try {
        // Only the last segment may be shorter than the others.
        for (let k = 0; seq < stop && bytes === k * maxBytes; k++, seq++)
          bytes += frame(seq, this.#view(views, i, k, maxBytes))
      } finally {
        // What the frame throws is thrown on, and the blocks before it leave.
        if (bytes > 0) this.#end(i, bytes, bytes > maxBytes ? maxBytes : 0)
      }
    }
  }

  /** Gives everything to the kernel. */
  flush(): void {
    // Draining errors in the middle of it may make a machine send.
    if (this.#flushing) return
    this.#flushing = true
    const headers = this.#messages.headers
    let done = 0
    let retries = 0
    while (done < this.#count) {
      const route = this.#routes[done] as Route
      const from = done === 0 ? headers : headers.subarray(done * linux.MMSGHDR.bytes)
      const sent = this.#native.sendmmsg(route.socket.fd, from, this.#count - done)
      if (sent > 0) {
        done += sent
        retries = 0
      } else if (this.#failed(-sent, done, retries++)) {
        done++
        retries = 0
      }
    }
    this.#count = 0
    this.#flushing = false
  }

  /** The next message, for this socket: one call sends through one socket only. */
  #begin(route: Route): number {
    if (this.#count === MESSAGES || (this.#count > 0 && this.#routes[0]?.socket !== route.socket)) this.flush()
    const i = this.#count
    this.#routes[i] = route
    return i
  }

  #end(i: number, bytes: number, segment: number): void {
    const messages = this.#messages
    const { name, nameBytes } = this.#routes[i] as Route
    const at = i * NAME_WORDS
    for (let k = 0; k < NAME_WORDS; k++) messages.names[at + k] = name[k] as number
    messages.setNameBytes(i, nameBytes)
    messages.setLength(i, bytes)
    messages.setControlBytes(i, segment === 0 ? 0 : CONTROL_BYTES)
    if (segment !== 0) messages.controlView.setUint16(messages.controlAt(i) + linux.CMSG.data, segment, true)
    this.#segments[i] = segment
    this.#count = i + 1
    if (this.#sent !== undefined) this.#tell(i, bytes, segment === 0 ? bytes : segment)
  }

  /** Message `i` was refused. True when it is dealt with, false when it is worth another try. */
  #failed(errno: number, i: number, retries: number): boolean {
    const route = this.#routes[i] as Route
    switch (errno) {
      case linux.EINTR:
        return false
      case linux.EAGAIN:
        if (retries === 0 && this.#waitForRoom(route.socket.fd)) return false
        this.#stats.dropped++
        return true
      case linux.ENOBUFS:
      case linux.ENOMEM:
        this.#stats.dropped++
        return true
      case linux.EINVAL:
      case linux.EIO:
      case linux.EMSGSIZE:
        // Segments larger than the route carries, or a card that cannot sum them up: cut it up here, now and from now on.
        if (this.#segments[i] !== 0) {
          route.segments = false
          this.#sendPlain(i)
        } else this.#stats.sendErrors++
        return true
      default:
        // ICMP for an earlier datagram, perhaps to another peer, is told to whoever sends next.
        route.socket.drainErrors()
        if (retries < MAX_RETRIES && isAsynchronous(errno)) return false
        this.#stats.sendErrors++
        return true
    }
  }

  #waitForRoom(fd: number): boolean {
    const view = new DataView(this.#poll.buffer)
    view.setInt32(linux.POLLFD.fd, fd, true)
    view.setInt16(linux.POLLFD.events, linux.POLLOUT, true)
    return this.#native.poll(this.#poll, 1, ROOM_WAIT_MS) > 0
  }

  /** The segments of message `i`, a datagram each. */
  #sendPlain(i: number): void {
    const messages = this.#messages
    const one = this.#one
    const route = this.#routes[i] as Route
    const segment = this.#segments[i] as number
    one.names.set(route.name)
    one.setNameBytes(0, route.nameBytes)
    const base = i * SLOT_BYTES
    const end = base + messages.length(i)
    for (let from = base, retries = 0; from < end; ) {
      const bytes = Math.min(segment, end - from)
      one.data.set(messages.data.subarray(from, from + bytes))
      one.setLength(0, bytes)
      const sent = this.#native.sendmmsg(route.socket.fd, one.headers, 1)
      if (sent <= 0 && this.#again(-sent, route, retries++)) continue
      if (sent <= 0) this.#stats.sendErrors++
      retries = 0
      from += segment
    }
  }

  #again(errno: number, route: Route, retries: number): boolean {
    if (errno === linux.EINTR) return true
    if (errno === linux.EAGAIN) return retries === 0 && this.#waitForRoom(route.socket.fd)
    if (!isAsynchronous(errno) || retries >= MAX_RETRIES) return false
    route.socket.drainErrors()
    return true
  }

  #tell(i: number, bytes: number, segment: number): void {
    const base = i * SLOT_BYTES
    for (let from = base; from < base + bytes; from += segment) {
      const data = this.#messages.data.subarray(from, Math.min(from + segment, base + bytes))
      this.#sent?.(this.#routes[i] as Route, data)
    }
  }

  #views(stride: number): Uint8Array[] {
    const known = this.#strides.get(stride)
    if (known !== undefined) return known
    if (this.#strides.size >= MAX_STRIDES) this.#strides.clear()
    const views: Uint8Array[] = []
    this.#strides.set(stride, views)
    return views
  }

  #view(views: Uint8Array[], slot: number, k: number, stride: number): Uint8Array {
    const index = slot * MAX_SEGMENTS + k
    return (views[index] ??= new Uint8Array(this.#messages.data.buffer, slot * SLOT_BYTES + k * stride, stride))
  }
}

/** Errors that ICMP reported for an earlier datagram, which the call that met them did not cause. */
function isAsynchronous(errno: number): boolean {
  return errno === linux.ECONNREFUSED || errno === linux.EHOSTUNREACH || errno === linux.ENETUNREACH || errno === EPROTO
}

/** Other ICMP codes end up here. */
const EPROTO = 71
