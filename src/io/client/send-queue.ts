/** What a client sends while datagrams are handed to it, collected for one system call. There is one peer. */
import type { BlockFramer } from '../driver.ts'
import * as linux from '../native/linux.ts'
import type { Native } from '../native/linux.ts'
import { Messages, NAME_WORDS, SEGMENT_CONTROL_BYTES, SLOT_BYTES } from '../native/messages.ts'

/** Messages of one call: each is a packet, or several blocks that the kernel cuts up. */
const MESSAGES = 16
/** UDP_MAX_SEGMENTS of older kernels, and what IPv4 carries in a datagram. */
const MAX_SEGMENTS = 64
const MAX_UDP_BYTES = 65_507
/** A full socket buffer empties at the speed of the cable: this long is waited for room before datagrams are dropped. */
const ROOM_WAIT_MS = 2
/** ICMP for an earlier datagram fails the next one; it says so once for each. */
const MAX_RETRIES = 8

export class ClientSendQueue {
  readonly #native: Native
  readonly #drainErrors: () => void
  readonly #messages: Messages
  /** For datagrams that the kernel would not cut up. */
  readonly #one: Messages
  /** Bytes of a segment of each message; 0 for a plain datagram. */
  readonly #segments = new Uint16Array(MESSAGES)
  readonly #poll = new Uint8Array(linux.POLLFD.bytes)
  #views: Uint8Array[] = []
  #stride = 0
  #fd = -1
  #count = 0
  /** The kernel may cut windows up. */
  #segmenting = true

  /** `drainErrors` takes what ICMP said from the socket, so that the next send does not run into it. */
  constructor(native: Native, drainErrors: () => void) {
    this.#native = native
    this.#drainErrors = drainErrors
    this.#messages = new Messages(native, MESSAGES, SEGMENT_CONTROL_BYTES)
    this.#one = new Messages(native, 1, 0)
    this.#messages.layOutSegments()
  }

  /** Everything goes through `fd` to the sockaddr `name`. */
  use(fd: number, name: Uint32Array, nameBytes: number): void {
    this.#fd = fd
    this.#count = 0
    for (let i = 0; i < MESSAGES; i++) {
      this.#messages.names.set(name, i * NAME_WORDS)
      this.#messages.setNameBytes(i, nameBytes)
    }
    this.#one.names.set(name)
    this.#one.setNameBytes(0, nameBytes)
  }

  /** The socket is connected: no address is looked up any more. What was collected before goes there, too. */
  connected(): void {
    for (let i = 0; i < MESSAGES; i++) this.#messages.setNameBytes(i, 0)
    this.#one.setNameBytes(0, 0)
  }

  control(buffer: Uint8Array, length: number): void {
    const i = this.#begin()
    const { data } = this.#messages
    const base = i * SLOT_BYTES
    for (let k = 0; k < length; k++) data[base + k] = buffer[k]
    this.#end(i, length, 0)
  }

  /** See `ClientSocket.sendBlocks`. */
  blocks(framer: BlockFramer, first: number, count: number, maxBytes: number): void {
    const fitting = Math.min(MAX_SEGMENTS, Math.floor(MAX_UDP_BYTES / maxBytes))
    const perMessage = this.#segmenting ? Math.max(1, fitting) : 1
    for (let seq = first, end = first + count; seq < end; ) {
      const i = this.#begin()
      const stop = Math.min(end, seq + perMessage)
      let bytes = 0
      try {
        // Only the last segment may be shorter than the others.
        for (let k = 0; seq < stop && bytes === k * maxBytes; k++, seq++)
          bytes += framer.frame(seq, this.#view(i, k, maxBytes))
      } finally {
        // What the framer throws is thrown on, and the blocks before it leave.
        if (bytes > 0) this.#end(i, bytes, bytes > maxBytes ? maxBytes : 0)
      }
    }
  }

  /** Gives to the kernel what was collected. Returns the last errno that a datagram was lost to, 0 for none. */
  flush(): number {
    let lost = 0
    for (let from = 0, retries = 0; from < this.#count; ) {
      const headers = this.#messages.headers.subarray(from * linux.MMSGHDR.bytes)
      const sent = this.#native.sendmmsg(this.#fd, headers, this.#count - from)
      if (sent > 0) {
        from += sent
        retries = 0
      } else if (!this.#again(-sent, from, retries++)) {
        lost = this.#segments[from] === 0 ? -sent : this.#sendPlain(from)
        from++
        retries = 0
      }
    }
    this.#count = 0
    return lost
  }

  #begin(): number {
    if (this.#count === MESSAGES) this.flush()
    return this.#count
  }

  #end(i: number, bytes: number, segment: number): void {
    const messages = this.#messages
    messages.setLength(i, bytes)
    messages.setSegmentBytes(i, segment)
    this.#segments[i] = segment
    this.#count = i + 1
  }

  /** Whether a message that was refused with `errno` is worth another try. */
  #again(errno: number, i: number, retries: number): boolean {
    switch (errno) {
      case linux.EINTR:
        return true
      case linux.EAGAIN:
      case linux.ENOBUFS:
        return retries === 0 && this.#waitForRoom()
      case linux.EINVAL:
      case linux.EIO:
      case linux.EMSGSIZE:
        // Segments larger than the route carries, or a card that cannot sum them up: cut up here, now and from now on.
        if (this.#segments[i] !== 0) this.#segmenting = false
        return false
      default:
        this.#drainErrors()
        return retries < MAX_RETRIES
    }
  }

  #waitForRoom(): boolean {
    linux.writePollfd(this.#poll, 0, this.#fd, linux.POLLOUT)
    return this.#native.poll(this.#poll, 1, ROOM_WAIT_MS) > 0
  }

  /** The segments of message `i`, a datagram each. Returns the last errno, 0 when all left. */
  #sendPlain(i: number): number {
    const messages = this.#messages
    const one = this.#one
    const segment = this.#segments[i]
    const base = i * SLOT_BYTES
    const end = base + messages.length(i)
    let lost = 0
    for (let from = base, retries = 0; from < end; ) {
      const bytes = Math.min(segment, end - from)
      one.data.set(messages.data.subarray(from, from + bytes))
      one.setLength(0, bytes)
      const sent = this.#native.sendmmsg(this.#fd, one.headers, 1)
      if (sent <= 0 && -sent !== linux.EMSGSIZE && this.#again(-sent, i, retries++)) continue
      if (sent <= 0) lost = -sent
      retries = 0
      from += segment
    }
    return lost
  }

  /** Memory of slot `i` for its `k`th datagram, kept: a view is an object. */
  #view(i: number, k: number, stride: number): Uint8Array {
    if (this.#stride !== stride) {
      this.#stride = stride
      this.#views = []
    }
    const index = i * MAX_SEGMENTS + k
    return (this.#views[index] ??= new Uint8Array(this.#messages.data.buffer, i * SLOT_BYTES + k * stride, stride))
  }
}
