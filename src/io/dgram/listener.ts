/** Listening sockets: one per local address, so that the socket of a request is the address that was asked. */
import type { Socket } from 'node:dgram'
import { familyOf } from '../handed-sockets.ts'
import type { Peer } from '../../endpoint/contract.ts'
import { bind, createSocket, isUnreachable } from './core.ts'
import type { Core } from './core.ts'
import type { SharedPort } from './tid.ts'

/** Room for 5000 requests that arrive at once (each takes about 0.8 KB of the kernel's accounting), where the system allows it. */
const LISTEN_BUFFER_BYTES = 4 * 1024 * 1024

/** For a driver that reads listening sockets by itself while it is busy; Node watches them while it is not. */
export interface ListeningHook<Owner> {
  /** A bound socket's descriptor; undefined leaves it to Node. Throws the system's error. */
  open(address: string, port: number): number | undefined
  opened(listener: Listener<Owner>, fd: number): void
  closed(listener: Listener<Owner>): void
}

export interface ListenerOwner<Owner> {
  readonly core: Core<Owner>
  readonly listening: ListeningHook<Owner> | undefined
  isNear(address: string): boolean
  /** The address that a broadcast from `peer` was meant for. */
  localFor(peer: string): string
  /** A listening socket broke. */
  failed(listener: Listener<Owner>, cause: Error): void
}

export class Listener<Owner> implements SharedPort {
  readonly socket: Socket
  readonly address: string
  readonly port: number
  readonly #owner: ListenerOwner<Owner>
  /** Another program bound it, to every address: which one was asked is not known. */
  readonly #isWild: boolean
  /** Bound to a broadcast address: it only receives, and answers leave from `ListenerOwner.localFor`. */
  readonly broadcast: boolean
  /** Transfers that share this socket, by address and port of the peer; empty unless there is a single port. */
  readonly #shared = new Map<string, { readonly owner: Owner }>()
  open = true

  /** Rejects with the system's error. */
  static async open<Owner>(
    owner: ListenerOwner<Owner>,
    address: string,
    port: number,
    broadcast: boolean,
  ): Promise<Listener<Owner>> {
    const fd = owner.listening?.open(address, port)
    const socket = createSocket(address)
    if (fd === undefined) await bind(socket, { address, port, exclusive: true })
    else await bind(socket, { fd, exclusive: true })
    if (fd === undefined) widen(socket)
    const listener = new Listener(owner, socket, address, broadcast)
    if (fd !== undefined) owner.listening?.opened(listener, fd)
    return listener
  }

  /** Takes over a socket that another program bound. Rejects with the system's error, or ERR_TFTP_BIND where it is none. */
  static async adopt<Owner>(owner: ListenerOwner<Owner>, fd: number): Promise<Listener<Owner>> {
    const wildcard = familyOf(fd) === 4 ? '0.0.0.0' : '::'
    const socket = createSocket(wildcard)
    await bind(socket, { fd, exclusive: true })
    widen(socket)
    return new Listener(owner, socket, socket.address().address, false)
  }

  private constructor(owner: ListenerOwner<Owner>, socket: Socket, address: string, broadcast: boolean) {
    this.#owner = owner
    this.broadcast = broadcast
    this.socket = socket
    this.address = address
    this.#isWild = address === '0.0.0.0' || address === '::'
    this.port = socket.address().port
    socket.on('message', (data, from) => this.received(data, 0, data.length, from.address, from.port))
    socket.on('error', (error) => this.#failed(error))
  }

  share(peer: Peer, tid: { readonly owner: Owner }): void {
    this.#shared.set(key(peer.address, peer.port), tid)
  }

  /** The name of `address` on this socket: one for IPv6 that takes IPv4 too writes it in its own way (RFC 4291 §2.5.5.2). */
  nameOf(address: string): string {
    return this.address.includes(':') && !address.includes(':') ? `${MAPPED}${address}` : address
  }

  forget(peer: Peer): void {
    this.#shared.delete(key(peer.address, peer.port))
  }

  close(): void {
    if (!this.open) return
    this.open = false
    this.#owner.listening?.closed(this)
    this.socket.close()
  }

  /** A datagram came. The bytes are valid during the call only. */
  received(buffer: Uint8Array, offset: number, length: number, name: string, port: number): void {
    const address = name.startsWith(MAPPED) && name.includes('.') ? name.slice(MAPPED.length) : name
    // Port 0 takes no answer.
    if (!this.open || port === 0) return
    const core = this.#owner.core
    core.stats.arrivals++
    if (this.#shared.size > 0 && !core.handlers.isRequest(buffer, offset, length)) {
      const tid = this.#shared.get(key(address, port))
      if (tid !== undefined) return core.handlers.datagram(core.now(), tid.owner, buffer, offset, length)
    }
    const local = this.broadcast || this.#isWild ? this.#owner.localFor(address) : this.address
    const peer: Peer = { address, port, local, near: this.#owner.isNear(address) }
    core.handlers.request(core.now(), peer, buffer, offset, length)
  }

  #failed(error: Error): void {
    this.#owner.core.stats.receiveErrors++
    // Windows reports here what ICMP said to an earlier answer.
    if (this.open && !isUnreachable(error)) this.#owner.failed(this, error)
  }
}

/** What stands before an IPv4 address in an IPv6 one. */
const MAPPED = '::ffff:'

function key(address: string, port: number): string {
  return `${address} ${port}`
}

function widen(socket: Socket): void {
  try {
    socket.setRecvBufferSize(LISTEN_BUFFER_BYTES)
  } catch {
    // Clients repeat a request that found no room.
  }
}
