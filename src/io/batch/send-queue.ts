/**
 * What the machines send while the driver is at work, collected and given to the kernel in as few calls as possible: a
 * window to one peer is one message that the kernel cuts up (UDP_SEGMENT), and messages through one socket are one
 * `sendmmsg`.
 */
import { HEADER_BYTES } from '../../packet/index.ts'
import type { BlockFramer, Mapped } from '../driver.ts'
import { Messages, NAME_WORDS, SEGMENT_CONTROL_BYTES, SLOT_BYTES } from '../native/messages.ts'
import * as linux from '../native/linux.ts'
import type { Native } from '../native/linux.ts'
import { countSendError } from '../driver-stats.ts'
import type { DriverStats } from '../driver-stats.ts'

/** Messages of one call; more add nothing to the speed and fall out of the cache. */
const MESSAGES = 32
/** UDP_MAX_SEGMENTS of older kernels, and what IPv4 carries in a datagram. */
const MAX_SEGMENTS = 64
const MAX_UDP_BYTES = 65_507
/** A full socket buffer empties at the speed of the cable: this long is waited for room before datagrams are dropped. */
const ROOM_WAIT_MS = 2
/** The most ICMP errors of other peers that a single send is tried again for. */
const MAX_RETRIES = 8
/** The most block sizes that views of slots are kept for. */
const MAX_STRIDES = 16

/** Where a message leaves from and goes to. */
export interface Route {
  readonly socket: OutSocket
  /** The peer's sockaddr begins at word `nameAt` of these. */
  readonly names: Uint32Array
  readonly nameAt: number
  readonly nameBytes: number
  /** The kernel may cut windows up; set to false once it would not. */
  segments: boolean
}

export interface OutSocket {
  readonly fd: number
  /** Takes what ICMP said from the socket, so that the next send does not run into it. */
  drainErrors(): void
}

export interface OutboxHost {
  readonly native: Native
  readonly stats: DriverStats
  /** The kernel could not read what is mapped for this route. Called after everything else was sent. */
  unreadable(route: Route): void
}

export class SendQueue {
  readonly #native: Native
  readonly #stats: DriverStats
  readonly #messages: Messages
  readonly #one: Messages
  readonly #routes: (Route | undefined)[] = Array.from({ length: MESSAGES })
  readonly #host: OutboxHost
  /** Bytes of a segment of each message; 0 for a plain datagram. */
  readonly #segments = new Uint16Array(MESSAGES)
  readonly #strides = new Map<number, Uint8Array[]>()
  readonly #poll = new Uint8Array(linux.POLLFD.bytes)
  /** Pieces that each message is sent in; 0 from its slot. */
  readonly #pieces = new Uint16Array(MESSAGES)
  readonly #bytes = new Uint32Array(MESSAGES)
  readonly #unreadable: Route[] = []
  #count = 0
  #flushing = false

  constructor(host: OutboxHost) {
    const { native } = host
    this.#host = host
    this.#native = native
    this.#stats = host.stats
    this.#messages = new Messages(native, MESSAGES, SEGMENT_CONTROL_BYTES, MAX_SEGMENTS)
    this.#one = new Messages(native, 1, 0, 1)
    this.#messages.layOutSegments()
  }

  control(route: Route, buffer: Uint8Array, length: number): void {
    const i = this.#begin(route)
    const { data } = this.#messages
    const base = i * SLOT_BYTES
    for (let k = 0; k < length; k++) data[base + k] = buffer[k] as number
    this.#inSlot(i, length)
    this.#end(i, length, 0)
  }

  /** Sends a small datagram at once. It belongs to no transfer. */
  answer(route: Route, data: Uint8Array): void {
    const one = this.#one
    one.data.set(data)
    one.setName(0, route.names, route.nameAt, route.nameBytes)
    one.setLength(0, data.length)
    const sent = this.#native.sendmmsg(route.socket.fd, one.headers, 1)
    if (sent < 0) countSendError(this.#stats, sent)
  }

  /** See `Tid.sendBlocks`. */
  blocks(route: Route, framer: BlockFramer, first: number, count: number, maxBytes: number, mapped?: Mapped): void {
    const perMessage = route.segments ? Math.max(1, Math.min(MAX_SEGMENTS, Math.floor(MAX_UDP_BYTES / maxBytes))) : 1
    let seq = first
    const end = first + count
    if (mapped !== undefined) {
      seq = this.#mapped(route, mapped, first, end, maxBytes, perMessage)
      // What is framed next may be the proof that the file is still the one that was opened: nothing mapped leaves after it.
      if (seq < end && this.#holdsPieces(route)) this.flush()
    }
    if (seq < end) this.#framed(route, framer, seq, end, maxBytes, perMessage)
  }

  /** Returns the first block that is not mapped. */
  #mapped(route: Route, mapped: Mapped, first: number, end: number, maxBytes: number, perMessage: number): number {
    const messages = this.#messages
    const payloadBytes = maxBytes - HEADER_BYTES
    let seq = first
    for (let address = mapped.addressOf(seq); address !== 0; address = seq < end ? mapped.addressOf(seq) : 0) {
      const i = this.#begin(route)
      let k = 0
      while (address !== 0) {
        messages.setPiece(i, k++, mapped.headOf(seq++), address, payloadBytes)
        address = seq < end && k < perMessage ? mapped.addressOf(seq) : 0
      }
      messages.usePieces(i, k)
      this.#pieces[i] = k
      this.#end(i, k * maxBytes, k > 1 ? maxBytes : 0)
    }
    return seq
  }

  #framed(route: Route, framer: BlockFramer, first: number, end: number, maxBytes: number, perMessage: number): void {
    const views = this.#views(maxBytes)
    for (let seq = first; seq < end; ) {
      const i = this.#begin(route)
      const stop = Math.min(end, seq + perMessage)
      let bytes = 0
      try {
        // Only the last segment may be shorter than the others.
        for (let k = 0; seq < stop && bytes === k * maxBytes; k++, seq++)
          bytes += framer.frame(seq, this.#view(views, i, k, maxBytes))
      } finally {
        // What the framer throws is thrown on, and the blocks before it leave.
        if (bytes > 0) {
          this.#inSlot(i, bytes)
          this.#end(i, bytes, bytes > maxBytes ? maxBytes : 0)
        }
      }
    }
  }

  #holdsPieces(route: Route): boolean {
    for (let i = 0; i < this.#count; i++) if (this.#routes[i] === route && this.#pieces[i] > 0) return true
    return false
  }

  #inSlot(i: number, bytes: number): void {
    this.#messages.setLength(i, bytes)
    if (this.#pieces[i] === 0) return
    this.#messages.useSlot(i)
    this.#pieces[i] = 0
  }

  /** Gives to the kernel what waits for `route`: it is about to close, and what it sends from may be unmapped. */
  finish(route: Route): void {
    for (let i = 0; i < this.#count; i++) if (this.#routes[i] === route) return this.flush()
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
    while (this.#unreadable.length > 0) this.#host.unreadable(this.#unreadable.pop() as Route)
  }

  /** The next message, for this socket: one call sends through one socket only. */
  #begin(route: Route): number {
    if (this.#count === MESSAGES || (this.#count > 0 && this.#routes[0]?.socket !== route.socket)) this.flush()
    const i = this.#count
    this.#routes[i] = route
    return i
  }

  #end(i: number, bytes: number, segment: number): void {
    const { names, nameAt, nameBytes } = this.#routes[i] as Route
    this.#messages.setEnvelope(i, names, nameAt, nameBytes, segment)
    this.#segments[i] = segment
    this.#count = i + 1
    this.#bytes[i] = bytes
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
      case linux.EFAULT:
        if (!this.#unreadable.includes(route)) this.#unreadable.push(route)
        return true
      case linux.EINVAL:
      case linux.EIO:
      case linux.EMSGSIZE:
        // Segments larger than the route carries, or a card that cannot sum them up: cut it up here, now and from now on.
        if (this.#segments[i] !== 0) {
          route.segments = false
          this.#sendPlain(i)
        } else countSendError(this.#stats, errno)
        return true
      default:
        // The kernel reports ICMP for an earlier datagram, perhaps to another peer, with the next send.
        route.socket.drainErrors()
        if (retries < MAX_RETRIES && isAsynchronous(errno)) return false
        countSendError(this.#stats, errno)
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
    const one = this.#one
    const route = this.#routes[i] as Route
    const segment = this.#segments[i] as number
    const pieces = this.#pieces[i]
    one.setName(0, this.#messages.names, i * NAME_WORDS, route.nameBytes)
    const base = i * SLOT_BYTES
    const bytes = this.#bytes[i]
    if (pieces > 0) one.usePieces(0, 1)
    else one.useSlot(0)
    for (let from = 0, k = 0; from < bytes; from += segment, k++) {
      if (pieces > 0) one.copyPiece(0, this.#messages, i, k)
      else {
        const length = Math.min(segment, bytes - from)
        one.data.set(this.#messages.data.subarray(base + from, base + from + length))
        one.setLength(0, length)
      }
      this.#sendOne(route)
    }
    one.useSlot(0)
  }

  #sendOne(route: Route): void {
    for (let retries = 0; ; retries++) {
      const sent = this.#native.sendmmsg(route.socket.fd, this.#one.headers, 1)
      if (sent > 0) return
      if (this.#again(-sent, route, retries)) continue
      countSendError(this.#stats, sent)
      return
    }
  }

  #again(errno: number, route: Route, retries: number): boolean {
    if (errno === linux.EINTR) return true
    if (errno === linux.EAGAIN) return retries === 0 && this.#waitForRoom(route.socket.fd)
    if (!isAsynchronous(errno) || retries >= MAX_RETRIES) return false
    route.socket.drainErrors()
    return true
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
