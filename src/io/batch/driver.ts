/**
 * The fast driver, for Linux: transfers share a few sockets, datagrams are received and sent many to a system call, and the
 * kernel cuts windows up. Listening sockets are `dgram`'s, one per local address: Node watches them while no transfer runs,
 * the loop reads them while one does (those for IPv4; IPv6 waits for Node's turn).
 */
import { cpus } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Peer } from '../../endpoint/contract.ts'
import { BatchLoop } from './loop.ts'
import { Names } from './names.ts'
import { SendQueue } from './send-queue.ts'
import { SocketPools } from './pools.ts'
import { SharedSocket, SOCKET_BUFFERS } from './socket.ts'
import type { SocketHost } from './socket.ts'
import { PeerTable } from './table.ts'
import { BatchTid } from './tid.ts'
import type { TidHost } from './tid.ts'
import { tidError } from '../bind-error.ts'
import { createDgramDriver } from '../dgram/driver.ts'
import type { DgramDriver, DgramOptions } from '../dgram/driver.ts'
import type { Listener, ListeningHook } from '../dgram/listener.ts'
import type { GroupAddress } from '../../transfer/multicast/group-option.ts'
import type { Bound, Driver, DriverHandlers, GroupPort, Tid } from '../driver.ts'
import type { Native } from '../native/linux.ts'
import { Messages, NAME_WORDS, SEGMENT_CONTROL_BYTES, SLOT_BYTES } from '../native/messages.ts'
import { addressText, peerPort } from '../native/sockaddr.ts'
import { openUdpSocket } from '../native/udp-socket.ts'
import { anyAddress } from '../interfaces.ts'
import { newStats, sumStats } from '../driver-stats.ts'
import type { DriverStats } from '../driver-stats.ts'

/** Datagrams received with one call. */
const INBOX = 32
/** Requests are handled for this long before running transfers get their turn, and for longer where that turn is long. */
const REQUESTS_MS = 0.1
/** Of the last turn of transfers. With less, clients that come by thousands wait until others are done, and give up. */
const REQUESTS_SHARE = 0.1
/** Control data of an error message, in bytes: the error and the address of the machine that reported it. */
const ERROR_CONTROL_BYTES = 256

export interface BatchOptions extends DgramOptions {
  readonly native: Native
  /**
   * Listening sockets share their port with those of other threads, and the kernel spreads the clients (SO_REUSEPORT). The
   * first of them makes sure that no other program has the port.
   */
  readonly sharedPort?: 'first' | 'next' | undefined
}

/** Whether it can work here is for `probeBatch` to say. */
export function createBatchDriver<Owner>(handlers: DriverHandlers<Owner>, options: BatchOptions): Driver<Owner> {
  return new BatchDriver(handlers, options)
}

class BatchDriver<Owner> implements Driver<Owner>, SocketHost<BatchTid<Owner>>, TidHost<Owner> {
  readonly name = 'batch'
  readonly native: Native
  readonly errors: Messages
  readonly table = new PeerTable<BatchTid<Owner>>()
  readonly names: Names
  readonly sendQueue: SendQueue
  #isOpen = true
  readonly #handlers: DriverHandlers<Owner>
  readonly #options: BatchOptions
  readonly #inbox: Messages
  /** For listening sockets: a request may make transfers receive before the next request of the batch is handled. */
  readonly #requests: Messages
  /** Requests that Node received while the loop runs: they wait for the loop's next turn, and are handled together. */
  #waitingRequests: {
    readonly peer: Peer
    readonly buffer: Uint8Array
    readonly offset: number
    readonly length: number
  }[] = []
  readonly #listening: DgramDriver<Owner>
  readonly #listeners = new Map<Listener<Owner>, SharedSocket<BatchTid<Owner>>>()
  /** Transfers on all sockets. */
  #live = 0
  readonly #loop: BatchLoop
  readonly #stats: DriverStats = newStats()
  readonly #pools: SocketPools<BatchTid<Owner>>
  /** True while handlers run: everything that they send leaves in few calls when they are done. */
  #atWork = false
  /** When the datagrams that are being handed over were received, in milliseconds: one look at the clock for a batch. */
  #workAt = 0
  /** When the loop last looked for datagrams of transfers on behalf of requests, in milliseconds. */
  #caughtUpAt = 0
  /** How long requests are handled from then on. */
  #requestsMs = REQUESTS_MS
  /** True while a request that the loop received is handled: what arrived before it is handled already. */
  #caughtUp = false
  #sockets = 0
  #deadline = Infinity
  /** What Node's timers keep; they keep none while the loop runs. */
  #nodeDeadline = Infinity

  constructor(handlers: DriverHandlers<Owner>, options: BatchOptions) {
    this.#handlers = handlers
    this.#options = options
    const { native } = options
    this.native = native
    this.names = new Names(native)
    this.#inbox = new Messages(native, INBOX, SEGMENT_CONTROL_BYTES)
    this.#pools = new SocketPools(this, this.#inbox, () => this.#sockets++, options.ports)
    this.#requests = new Messages(native, INBOX, SEGMENT_CONTROL_BYTES)
    this.errors = new Messages(native, 1, ERROR_CONTROL_BYTES)
    this.sendQueue = new SendQueue({
      native,
      stats: this.#stats,
      unreadable: (route) => handlers.unreadable(performance.now(), (route as BatchTid<Owner>).owner),
    })
    this.#listening = createDgramDriver(this.#outer(), options, this.#hook())
    const host = {
      native,
      now: () => performance.now(),
      flush: () => this.#finishWork(),
      timer: (now: number) => this.#ring(now),
      requests: () => this.#handleWaiting(),
    }
    this.#loop = new BatchLoop(host, cpus().length)
  }

  get stats(): DriverStats {
    return sumStats(this.#stats, this.#listening.stats)
  }

  now(): number {
    return performance.now()
  }

  listen(address: string, port: number): Promise<Bound> {
    return this.#listening.listen(address, port)
  }

  /** Node reads it, as it reads those for IPv6. */
  adopt(fd: number): Promise<Bound> {
    return this.#listening.adopt(fd)
  }

  rescan(): Promise<void> {
    return this.#listening.rescan()
  }

  reply(peer: Peer, buffer: Uint8Array, length: number): void {
    this.#listening.reply(peer, buffer, length)
  }

  openTid(peer: Peer, owner: Owner): Promise<Tid> | Tid {
    if (!this.#isOpen) throw tidError(peer.address, new Error('the server is closed'))
    let nameAt = -1
    let socket: SharedSocket<BatchTid<Owner>> | undefined
    const listener = this.#options.singlePort === true ? this.#listening.listenerFor(peer) : undefined
    try {
      nameAt = this.names.add(peer)
      if (this.#options.singlePort !== true) {
        const local = peer.local === '' ? anyAddress(peer.address) : peer.local
        socket = this.#pools.socketFor(local, this.names.words, nameAt, this.#live)
      } else if (listener !== undefined) socket = this.#listeners.get(listener)
    } catch (error) {
      if (nameAt >= 0) this.names.drop(nameAt)
      throw tidError(`${peer.address} port ${peer.port}`, error)
    }
    if (socket === undefined) {
      // All ports of this address talk to that very port of the peer already, or Node has the only one.
      this.names.drop(nameAt)
      const { ports } = this.#options
      // The system would choose a port beyond the range.
      if (ports !== undefined && this.#options.singlePort !== true) {
        const taken = Object.assign(new Error('no port of the range is free'), { code: 'EADDRINUSE' })
        throw tidError(`${peer.address} port ${peer.port}`, taken, ports)
      }
      return this.#listening.openTid(peer, owner)
    }
    const tid = new BatchTid<Owner>(this, socket, peer, owner, nameAt)
    if (socket.live++ === 0 && !socket.isListening) {
      socket.discard()
      this.#loop.add(socket)
    }
    if (this.#live++ === 0) {
      this.#loop.running = true
      this.#passDeadline()
    }
    this.table.add(socket.index, this.names.words, nameAt, tid)
    listener?.share(peer, tid)
    return tid
  }

  /** Node's own socket: a group is asked for one block at a time. */
  openGroup(group: GroupAddress, local: string, ttl: number): Promise<GroupPort<Owner>> {
    return this.#listening.openGroup(group, local, ttl)
  }

  deadline(at: number): void {
    this.#deadline = at
    this.#passDeadline()
  }

  close(): void {
    if (!this.#isOpen) return
    // A last packet may still wait.
    this.sendQueue.flush()
    this.#isOpen = false
    this.#loop.close()
    this.#pools.close()
    this.#listening.close()
  }

  closed(tid: BatchTid<Owner>): void {
    if (!this.#isOpen) return
    const { socket } = tid
    // A last packet that waits must leave before the socket can be another transfer's.
    this.sendQueue.finish(tid)
    this.table.delete(socket.index, this.names.words, tid.nameAt)
    this.names.drop(tid.nameAt)
    socket.forget(tid)
    this.#pools.nextTurn()
    if (socket.isListening) this.#listening.listenerFor(tid.peer)?.forget(tid.peer)
    if (--socket.live === 0 && !socket.isListening) this.#loop.remove(socket)
    if (--this.#live > 0) return
    this.#loop.running = false
    this.#passDeadline()
  }

  push(): void {
    if (!this.#atWork) this.sendQueue.flush()
  }

  /** What a single datagram brings leaves at once: there is nothing that could share its system call. */
  arrived(count: number): void {
    this.#atWork = count > 1
    this.#workAt = performance.now()
  }

  received(socket: SharedSocket<BatchTid<Owner>>, tid: BatchTid<Owner>, offset: number, length: number): void {
    this.#stats.arrivals++
    const { data } = socket.inbox
    this.#handlers.datagram(this.#workAt, tid.owner, data, offset, length)
  }

  unreachable(tid: BatchTid<Owner>): void {
    this.#atWork = true
    this.#handlers.unreachable(performance.now(), tid.owner)
  }

  isRequest(buffer: Uint8Array, offset: number, length: number): boolean {
    return this.#handlers.isRequest(buffer, offset, length)
  }

  receiveError(): void {
    this.#stats.receiveErrors++
  }

  /** The final ACK of a client that asks for its next file has arrived before: it must not look as if it had not. */
  beforeRequests(): void {
    const begunAt = performance.now()
    this.#loop.catchUp()
    this.#caughtUpAt = performance.now()
    this.#requestsMs = Math.max(REQUESTS_MS, REQUESTS_SHARE * (this.#caughtUpAt - begunAt))
  }

  betweenRequests(): void {
    if (performance.now() - this.#caughtUpAt < this.#requestsMs) return
    // What the requests made leaves first.
    this.#finishWork()
    this.beforeRequests()
    this.arrived(INBOX)
  }

  /** The datagram is message `message` of the socket's inbox, and no transfer's. */
  stray(socket: SharedSocket<BatchTid<Owner>>, message: number, length: number): void {
    const { inbox, listening } = socket
    if (listening === undefined) {
      const answer = this.#handlers.stray(performance.now(), inbox.data, message * SLOT_BYTES, length)
      if (answer === undefined) return
      const from = { names: inbox.names, nameAt: message * NAME_WORDS, nameBytes: socket.nameBytes }
      return this.sendQueue.answer({ socket, ...from, segments: false }, answer)
    }
    this.#caughtUp = true
    const at = message * NAME_WORDS
    const address = addressText(inbox.names, at)
    listening.received(inbox.data, message * SLOT_BYTES, length, address, peerPort(inbox.names, at))
    this.#caughtUp = false
  }

  #handleWaiting(): void {
    if (this.#waitingRequests.length === 0) return
    this.beforeRequests()
    const waiting = this.#waitingRequests
    this.#waitingRequests = []
    this.#atWork = true
    for (const { peer, buffer, offset, length } of waiting) {
      this.#handlers.request(performance.now(), peer, buffer, offset, length)
      if (waiting.length >= INBOX) this.betweenRequests()
    }
    this.#finishWork()
  }

  #finishWork(): void {
    this.#atWork = false
    this.sendQueue.flush()
  }

  #ring(now: number): void {
    this.#deadline = Infinity
    this.#atWork = true
    this.#handlers.timer(now)
  }

  /** While the loop runs it keeps the time, else Node's timers do. */
  #passDeadline(): void {
    const looping = this.#loop.running
    this.#loop.deadline = looping ? this.#deadline : Infinity
    const forNode = looping ? Infinity : this.#deadline
    if (forNode === this.#nodeDeadline) return
    this.#nodeDeadline = forNode
    this.#listening.deadline(forNode)
  }

  /** Listening sockets for IPv4 are read here too, while transfers run. */
  #hook(): ListeningHook<Owner> {
    return {
      open: (address, port) => {
        const { sharedPort } = this.#options
        const socket = { ...SOCKET_BUFFERS, local: address, port }
        if (sharedPort === 'first') this.native.close(openUdpSocket(this.native, socket))
        else if (sharedPort === undefined && address.includes(':')) return undefined
        return openUdpSocket(this.native, { ...socket, sharedPort: sharedPort !== undefined })
      },
      opened: (listener, fd) => {
        const { address, port } = listener
        // Node reads those for IPv6 alone.
        if (address.includes(':')) return
        const listening = { fd, port, received: listener.received.bind(listener) }
        const socket = new SharedSocket(this, this.#requests, address, this.#sockets++, listening)
        this.#listeners.set(listener, socket)
        this.#loop.add(socket)
      },
      closed: (listener) => {
        const socket = this.#listeners.get(listener)
        if (socket === undefined) return
        this.#listeners.delete(listener)
        this.sendQueue.flush()
        socket.close()
        this.#loop.remove(socket)
      },
    }
  }

  /** What the listening side says: its inputs make machines send as well. */
  #outer(): DriverHandlers<Owner> {
    const handlers = this.#handlers
    return {
      request: (now, peer, buffer, offset, length) => {
        // Node gives every datagram memory of its own.
        if (this.#loop.running && !this.#caughtUp) this.#waitingRequests.push({ peer, buffer, offset, length })
        else handlers.request(now, peer, buffer, offset, length)
      },
      datagram: (now, owner, buffer, offset, length) => handlers.datagram(now, owner, buffer, offset, length),
      isRequest: (buffer, offset, length) => handlers.isRequest(buffer, offset, length),
      stray: (now, buffer, offset, length) => handlers.stray(now, buffer, offset, length),
      unreachable: (now, owner) => handlers.unreachable(now, owner),
      unreadable: (now, owner) => handlers.unreadable(now, owner),
      timer: (now) => {
        this.#deadline = Infinity
        this.#nodeDeadline = Infinity
        handlers.timer(now)
      },
      listenerFailed: (address, port, cause) => handlers.listenerFailed(address, port, cause),
    }
  }
}
