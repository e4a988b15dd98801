/** The foreign functions of the batch driver, played: tests say what the kernel answers. */
import * as linux from '../../src/io/native/linux.ts'
import type { Native } from '../../src/io/native/linux.ts'
import { Messages, SEGMENT_CONTROL_BYTES } from '../../src/io/native/messages.ts'

/** Of one message that was to be sent. */
export interface SentMessage {
  readonly fd: number
  /** The peer's port. */
  readonly port: number
  readonly bytes: number
  /** 0 for a plain datagram. */
  readonly segment: number
  /** What was sent in pieces: the head of each, and the address behind it. */
  readonly pieces?: readonly (readonly [head: number, address: number])[]
}

/**
 * Sending looks at the structures as the kernel would: through the addresses that are in them. Answers to `sendmmsg` are
 * taken from `answers` (errno as a negative number, or how many messages are taken); without one all are taken.
 */
export class FakeNative implements Native {
  readonly loopFd = -1
  readonly sent: SentMessage[] = []
  readonly answers: number[] = []
  /** Of `poll`, for room to send. */
  readonly polls: number[] = []
  /** Ports of peers in the error queue, by errno. */
  readonly errorQueue: { port: number; errno: number; origin: number }[] = []
  /** Datagrams to hand over (the peer's port), or an errno as a negative number. */
  readonly inbox: number[] = []
  calls = 0
  readonly closed: number[] = []
  refuseSocket = 0
  #fds = 100
  readonly #memory = new Map<bigint, ArrayBuffer>()
  #next = 0x7fff_0000_0000n

  socket(): number {
    if (this.refuseSocket > 0) return -this.refuseSocket
    return this.#fds++
  }

  bind(): number {
    return 0
  }

  getsockname(_fd: number, name: Uint8Array): number {
    name.set([linux.AF_INET, 0, 40, this.#fds & 255])
    return 0
  }

  setsockopt(): number {
    return 0
  }

  setsockoptBytes(): number {
    return 0
  }

  connect(): number {
    return 0
  }

  map(): number {
    return 0x1000
  }

  unmap(): number {
    return 0
  }

  close(fd: number): number {
    this.closed.push(fd)
    return 0
  }

  recvmmsg(_fd: number, messages: Uint8Array, count: number): number {
    const first = this.inbox[0]
    if (first === undefined) return -linux.EAGAIN
    if (first < 0) return this.inbox.shift() as number
    let done = 0
    const view = new DataView(messages.buffer)
    for (let port = first; port > 0 && done < count; port = this.inbox[0] ?? 0, done++) {
      this.inbox.shift()
      const at = done * linux.MMSGHDR.bytes
      this.#writeName(view.getBigUint64(at + linux.MMSGHDR.name, true), port)
      const iov = this.#at(view.getBigUint64(at + linux.MMSGHDR.iov, true))
      const data = this.#at(iov.getBigUint64(linux.IOVEC.base, true))
      data.setUint32(0, 0x00040001)
      view.setUint32(at + linux.MMSGHDR.length, 4, true)
      view.setBigUint64(at + linux.MMSGHDR.controlBytes, 0n, true)
    }
    return done
  }

  recverr(_fd: number, message: Uint8Array): number {
    const error = this.errorQueue.shift()
    if (error === undefined) return -linux.EAGAIN
    const view = new DataView(message.buffer)
    this.#writeName(view.getBigUint64(linux.MMSGHDR.name, true), error.port)
    const control = this.#at(view.getBigUint64(linux.MMSGHDR.control, true))
    control.setBigUint64(0, 32n, true)
    control.setInt32(linux.CMSG.level, linux.SOL_IP, true)
    control.setInt32(linux.CMSG.type, linux.IP_RECVERR, true)
    control.setUint32(linux.CMSG.data, error.errno, true)
    control.setUint8(linux.CMSG.data + linux.EXTENDED_ERROR.origin, error.origin)
    view.setBigUint64(linux.MMSGHDR.controlBytes, 32n, true)
    return 0
  }

  sendmmsg(fd: number, messages: Uint8Array, count: number): number {
    this.calls++
    const answer = this.answers.shift() ?? count
    if (answer < 0) return answer
    const view = new DataView(messages.buffer, messages.byteOffset)
    for (let i = 0; i < Math.min(answer, count); i++) this.#read(fd, view, i * linux.MMSGHDR.bytes)
    return Math.min(answer, count)
  }

  poll(): number {
    return this.polls.shift() ?? 1
  }

  interfaceIndex(): number {
    return 1
  }

  address(buffer: ArrayBuffer): bigint {
    for (const [address, known] of this.#memory) if (known === buffer) return address
    const address = this.#next
    this.#memory.set(address, buffer)
    this.#next += BigInt(buffer.byteLength + 0x1000)
    return address
  }

  #read(fd: number, view: DataView, at: number): void {
    const name = this.#at(view.getBigUint64(at + linux.MMSGHDR.name, true))
    const iov = this.#at(view.getBigUint64(at + linux.MMSGHDR.iov, true))
    const count = Number(view.getBigUint64(at + linux.MMSGHDR.iovCount, true))
    let bytes = 0
    const pieces: [number, number][] = []
    for (let k = 0; k < count; k++) {
      bytes += Number(iov.getBigUint64(k * linux.IOVEC.bytes + linux.IOVEC.length, true))
      if (k % 2 === 0) continue
      const head = this.#at(iov.getBigUint64((k - 1) * linux.IOVEC.bytes + linux.IOVEC.base, true)).getUint32(0)
      pieces.push([head, Number(iov.getBigUint64(k * linux.IOVEC.bytes + linux.IOVEC.base, true))])
    }
    const controlled = view.getBigUint64(at + linux.MMSGHDR.controlBytes, true) > 0n
    const segment = controlled
      ? this.#at(view.getBigUint64(at + linux.MMSGHDR.control, true)).getUint16(linux.CMSG.data, true)
      : 0
    this.sent.push({
      fd,
      port: name.getUint16(linux.SOCKADDR.port),
      bytes,
      segment,
      ...(pieces.length > 0 ? { pieces } : {}),
    })
  }

  #writeName(address: bigint, port: number): void {
    const name = this.#at(address)
    name.setUint16(0, linux.AF_INET, true)
    name.setUint16(linux.SOCKADDR.port, port)
    name.setUint32(linux.SOCKADDR.inAddress, 0x7f000001)
  }

  #at(address: bigint): DataView {
    for (const [start, buffer] of this.#memory) {
      const offset = Number(address - start)
      if (offset >= 0 && offset < buffer.byteLength) return new DataView(buffer, offset)
    }
    throw new Error(`no memory at ${address.toString(16)}`)
  }
}

/** A place for received messages. */
export function messagesOf(native: Native, count = 4): Messages {
  return new Messages(native, count, SEGMENT_CONTROL_BYTES)
}
