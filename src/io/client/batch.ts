/**
 * A client's socket by system calls of our own, for Linux: a window arrives in one piece (UDP_GRO) and leaves in one
 * (UDP_SEGMENT), and the loop that waits for it is not libuv's.
 */
import { performance } from 'node:perf_hooks'
import { getSystemErrorName } from 'node:util'
import type { ClientLoop, LoopMember } from './batch-loop.ts'
import { ClientSendQueue } from './send-queue.ts'
import {
  clientBindError,
  type ClientSocket,
  type ClientSocketHandlers,
  type ClientSocketOptions,
  seenText,
} from './socket.ts'
import type { BlockFramer } from '../driver.ts'
import { icmpErrno } from '../native/error-queue.ts'
import * as linux from '../native/linux.ts'
import { NAME_WORDS, SLOT_BYTES } from '../native/messages.ts'
import { addressText, swapBytes, writeSockaddr } from '../native/sockaddr.ts'
import { growReceiveBuffer, openUdpSocket } from '../native/udp-socket.ts'
import { anyAddress } from '../interfaces.ts'

/** Receive buffer in bytes: windows that arrive while this process does something else. The kernel counts a small packet as a page. */
const RECEIVE_BYTES = 4 * 1024 * 1024
/** Batches taken before the loop looks at the clock. */
const MAX_BATCHES = 4
/** Errors in a row before the socket gets a rest. */
const MAX_ERRORS = 16

export class BatchClientSocket implements ClientSocket, LoopMember {
  fd = -1
  dueAt = Infinity
  readonly #loop: ClientLoop
  readonly #options: ClientSocketOptions
  readonly #handlers: ClientSocketHandlers
  readonly #isSix: boolean
  /** The server's sockaddr: its well-known port, then its TID. */
  readonly #server = new Uint8Array(linux.SOCKADDR.bytes)
  readonly #serverWords = new Uint32Array(this.#server.buffer)
  readonly #serverBytes: number
  readonly #sendQueue: ClientSendQueue
  #open = true
  /** True while the handlers run: everything that they send leaves in one call when they are done. */
  #atWork = false
  #unreachable = false
  /** The name of the error that kept the last request from being sent; '' for none. */
  #sendFault = ''
  /** Another address that sent something to this socket; '' for none. */
  #otherSender = ''

  constructor(loop: ClientLoop, options: ClientSocketOptions, handlers: ClientSocketHandlers) {
    this.#loop = loop
    this.#options = options
    this.#handlers = handlers
    this.#isSix = options.address.includes(':')
    this.#serverBytes = writeSockaddr(loop.native, this.#server, options.address, options.port)
    this.#sendQueue = new ClientSendQueue(loop.native, () => this.#drainErrors())
    this.#begin()
  }

  now(): number {
    return performance.now()
  }

  request(buffer: Uint8Array): void {
    if (this.fd < 0) return
    this.#sendQueue.control(buffer, buffer.length)
    const errno = this.#sendQueue.flush()
    if (errno !== 0) this.#sendFault = errnoName(errno)
  }

  lock(port: number): void {
    if (this.fd < 0) return
    new DataView(this.#server.buffer).setUint16(linux.SOCKADDR.port, port)
    this.#loop.native.connect(this.fd, this.#server, this.#serverBytes)
    this.#sendQueue.connected()
  }

  sendControl(buffer: Uint8Array, length: number): void {
    if (this.fd < 0) return
    this.#sendQueue.control(buffer, length)
    this.#push()
  }

  sendBlocks(framer: BlockFramer, first: number, count: number, maxBytes: number): void {
    if (this.fd < 0) return
    try {
      this.#sendQueue.blocks(framer, first, count, maxBytes)
    } finally {
      this.#push()
    }
  }

  reserve(bytes: number): void {
    if (this.fd >= 0 && bytes > RECEIVE_BYTES) growReceiveBuffer(this.#loop.native, this.fd, bytes)
  }

  deadline(at: number): void {
    this.dueAt = at
  }

  seen(): string {
    return seenText(this.#sendFault, this.#otherSender)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#end()
  }

  look(now: number): number {
    const { native, inbox } = this.#loop
    let total = 0
    let errors = 0
    for (let batch = 0; batch < MAX_BATCHES && errors < MAX_ERRORS && this.fd >= 0; batch++) {
      const count = native.recvmmsg(this.fd, inbox.headers, inbox.count)
      if (count === -linux.EAGAIN) break
      // ICMP is reported here first, once, before the datagrams that came earlier.
      if (count < 0) errors++
      else {
        this.#hand(now, count)
        total += count
        if (count < inbox.count) break
      }
    }
    if (errors > 0) this.#drainErrors()
    // A server that sent its last block and went away must not look as if it had not.
    if (this.#unreachable) this.#reportUnreachable(now)
    return total
  }

  ring(now: number): void {
    this.dueAt = Infinity
    this.#work(() => this.#handlers.timer(now))
  }

  #hand(now: number, count: number): void {
    this.#work(() => {
      for (let i = 0; i < count; i++) this.#message(now, i)
    })
  }

  #message(now: number, i: number): void {
    const { inbox } = this.#loop
    const bytes = inbox.take(i)
    const segment = inbox.joinedBytes || 1
    const name = i * NAME_WORDS
    if (!this.#isServer(name)) {
      this.#otherSender = addressText(inbox.names, name)
      return
    }
    const port = swapBytes(inbox.names[name] >>> 16)
    const first = i * SLOT_BYTES
    // An empty datagram is one, too.
    for (let offset = 0; offset < Math.max(bytes, 1) && this.#open; offset += segment) {
      this.#handlers.datagram(now, inbox.data, first + offset, Math.min(segment, bytes - offset), port)
    }
  }

  #isServer(name: number): boolean {
    const { names } = this.#loop.inbox
    const words = this.#serverWords
    if (!this.#isSix) return names[name + 1] === words[1]
    for (let i = 2; i < 6; i++) if (names[name + i] !== words[i]) return false
    return true
  }

  #reportUnreachable(now: number): void {
    this.#unreachable = false
    if (this.#open) this.#work(() => this.#handlers.unreachable(now))
  }

  #work(act: () => void): void {
    this.#atWork = true
    try {
      act()
    } finally {
      this.#atWork = false
      if (this.fd >= 0) this.#sendQueue.flush()
    }
    if (this.#open) this.#handlers.left()
  }

  #push(): void {
    if (!this.#atWork) this.#sendQueue.flush()
  }

  #drainErrors(): void {
    const { native, errors } = this.#loop
    for (let i = 0; i < MAX_ERRORS && this.fd >= 0; i++) {
      errors.setNameBytes(0, linux.SOCKADDR.bytes)
      errors.setControlBytes(0, errors.control.length)
      const result = native.recverr(this.fd, errors.headers)
      if (result === -linux.EINTR) continue
      if (result < 0) return
      if (icmpErrno(errors) === linux.ECONNREFUSED) this.#unreachable = true
    }
  }

  #begin(): void {
    try {
      const { address, localAddress } = this.#options
      this.fd = openUdpSocket(this.#loop.native, {
        local: localAddress ?? anyAddress(address),
        receiveBytes: RECEIVE_BYTES,
        errorQueue: true,
        joinsDatagrams: true,
      })
      this.#sendQueue.use(this.fd, this.#serverWords, this.#serverBytes)
      this.#loop.add(this)
    } catch (cause) {
      // Opening may fail within the constructor, before the owner has the socket.
      queueMicrotask(() => {
        if (this.#open) this.#handlers.failed(clientBindError(this.#options, (cause as { code: string }).code, cause))
      })
    }
  }

  #end(): void {
    if (this.fd < 0) return
    // A last packet may still wait.
    this.#sendQueue.flush()
    this.#loop.remove(this)
    this.#loop.native.close(this.fd)
    this.fd = -1
  }
}

function errnoName(errno: number): string {
  return getSystemErrorName(-errno)
}
