/**
 * A UDP socket that many transfers share, on one local address: a port of its own, or, with a single port, the listening
 * socket. A peer's address and port say which transfer a datagram belongs to.
 */
import type { LoopSocket } from './loop.ts'
import type { OutSocket } from './send-queue.ts'
import type { PeerTable } from './table.ts'
import { icmpErrno } from '../native/error-queue.ts'
import * as linux from '../native/linux.ts'
import type { Native } from '../native/linux.ts'
import { type Messages, NAME_WORDS, SLOT_BYTES } from '../native/messages.ts'
import { boundPort, openUdpSocket } from '../native/udp-socket.ts'

/** Buffers of a socket in bytes: windows of many uploads, and of many downloads, at once. */
export const SOCKET_BUFFERS = { receiveBytes: 8 * 1024 * 1024, sendBytes: 4 * 1024 * 1024 }
/** Errors reported by the receiving side in a row before the socket gets a rest. */
const MAX_FAULTS = 64
/** Batches taken from one socket before the others get their turn. */
const MAX_BATCHES = 4

/** What a socket needs of its driver. */
export interface SocketHost<Peer> {
  readonly native: Native
  readonly errors: Messages
  readonly table: PeerTable<Peer>
  /** This many datagrams were received, and are handed over next. */
  arrived(count: number): void
  /** Requests were received, and the next is handed over: what reached transfers before it must be handled first. */
  beforeRequests(): void
  /** A request of a full batch was handed over, and the next one follows: running transfers wait for a bounded time only. */
  betweenRequests(): void
  /** See `DriverHandlers`. */
  isRequest(buffer: Uint8Array, offset: number, length: number): boolean
  /** A datagram lies in the socket's inbox from `offset`. */
  received(socket: SharedSocket<Peer>, peer: Peer, offset: number, length: number): void
  /** A message of the socket's inbox is from an address and port that has no transfer here, or a request. */
  stray(socket: SharedSocket<Peer>, message: number, length: number): void
  unreachable(peer: Peer): void
  receiveError(): void
}

/** A listening socket that is open already, and the function that takes what it receives. */
export interface Listening {
  readonly fd: number
  readonly port: number
  received(buffer: Uint8Array, offset: number, length: number, address: string, port: number): void
}

export class SharedSocket<Peer> implements OutSocket, LoopSocket {
  readonly fd: number
  readonly index: number
  readonly port: number
  readonly local: string
  /** Bytes of a peer's sockaddr. */
  readonly nameBytes: number
  /** Holds the datagrams of the last receiving call. */
  readonly inbox: Messages
  readonly listening: Listening | undefined
  /** Transfers on it. */
  live = 0
  /** False once it is closed: its number may be another file by now. */
  isOpen = true
  readonly #host: SocketHost<Peer>
  /** Peers whose port is gone, as ICMP reported: handed over after the datagrams that wait. */
  readonly #lost: Peer[] = []

  /**
   * On `port` of `local` (0 is a random one), or what listens there. `index` is its number in the table. Throws an error with the
   * system's code.
   */
  constructor(
    host: SocketHost<Peer>,
    inbox: Messages,
    local: string,
    index: number,
    listening?: Listening,
    port: number = 0,
  ) {
    this.#host = host
    this.inbox = inbox
    this.local = local
    this.index = index
    this.listening = listening
    for (let i = 0; i < inbox.count; i++) inbox.expectSegments(i)
    const six = local.includes(':')
    this.nameBytes = six ? linux.SOCKADDR.in6Bytes : linux.SOCKADDR.inBytes
    // A listening socket gets its datagrams one by one: Node, which reads it as well, cannot split joined ones.
    const options = { ...SOCKET_BUFFERS, local, port, errorQueue: true, joinsDatagrams: true }
    this.fd = listening?.fd ?? openUdpSocket(host.native, options)
    this.port = listening?.port ?? boundPort(host.native, this.fd)
  }

  get isListening(): boolean {
    return this.listening !== undefined
  }

  /**
   * Hands over what has arrived. `errors`: the system said that there are errors too. Returns the datagrams. `hurried`: there
   * will be another look at once; a single transfer's ACK is answered without asking whether there is more.
   */
  receive(errors: boolean, hurried = false): number {
    const { native } = this.#host
    const { inbox } = this
    let most = hurried && !errors && this.live === 1 ? 1 : inbox.count
    let total = 0
    let faults = 0
    const batches = this.isListening ? 1 : MAX_BATCHES
    for (let batch = 0; batch < batches && faults < MAX_FAULTS; ) {
      const count = native.recvmmsg(this.fd, inbox.headers, most)
      if (count > 0) {
        this.#hand(count)
        total += count
        batch++
        if (count < inbox.count) break
      } else if (-count === linux.EAGAIN) break
      else {
        // ICMP is reported here first, once, before the datagrams that came earlier.
        faults++
        most = inbox.count
      }
    }
    if (errors || faults > 0) this.drainErrors()
    // A client that sent its final ACK and went away must not look as if it had not.
    while (this.#lost.length > 0) this.#host.unreachable(this.#lost.pop() as Peer)
    return total
  }

  /** Empties the socket's error queue. The peers whose port is gone are kept for the next `receive`. */
  drainErrors(): void {
    const { native, errors, table } = this.#host
    for (let i = 0; i < MAX_FAULTS; i++) {
      errors.setNameBytes(0, linux.SOCKADDR.bytes)
      errors.setControlBytes(0, errors.control.length)
      const result = native.recverr(this.fd, errors.headers)
      if (-result === linux.EINTR) continue
      if (result < 0) return
      this.#host.receiveError()
      if (icmpErrno(errors) !== linux.ECONNREFUSED) continue
      const peer = table.get(this.index, errors.names, 0)
      if (peer !== undefined && !this.#lost.includes(peer)) this.#lost.push(peer)
    }
  }

  /** Whether peers whose port is gone wait to be handed over. */
  get hasLost(): boolean {
    return this.#lost.length > 0
  }

  /** Throws away what came since the last transfer ended. */
  discard(): void {
    const { native } = this.#host
    const { inbox } = this
    for (let i = 0; i < MAX_FAULTS && native.recvmmsg(this.fd, inbox.headers, inbox.count) > 0; i++) continue
    this.drainErrors()
    this.#lost.length = 0
  }

  forget(peer: Peer): void {
    const at = this.#lost.indexOf(peer)
    if (at >= 0) this.#lost.splice(at, 1)
  }

  /** Closes the socket, unless it is a listening one: its opener closes that. */
  close(): void {
    this.isOpen = false
    if (this.listening === undefined) this.#host.native.close(this.fd)
  }

  #hand(count: number): void {
    const host = this.#host
    const { inbox } = this
    if (this.isListening) host.beforeRequests()
    host.arrived(count)
    const isFlood = this.isListening && count === inbox.count
    for (let i = 0; i < count; i++) {
      if (i > 0 && isFlood) host.betweenRequests()
      const length = inbox.take(i)
      const segment = inbox.joinedBytes
      const peer = this.#isRequest(i, length) ? undefined : host.table.get(this.index, inbox.names, i * NAME_WORDS)
      if (peer === undefined) host.stray(this, i, Math.min(segment, length))
      else this.#pieces(peer, i * SLOT_BYTES, length, segment)
    }
  }

  /** A window of an upload may come in one piece. */
  #pieces(peer: Peer, first: number, length: number, segment: number): void {
    for (let done = 0; done < length; done += segment) {
      this.#host.received(this, peer, first + done, Math.min(segment, length - done))
    }
  }

  /** A repeated request comes to a listening socket from the port of its transfer. */
  #isRequest(message: number, length: number): boolean {
    if (this.listening === undefined) return false
    return this.#host.isRequest(this.inbox.data, message * SLOT_BYTES, length)
  }
}
