/** Listening sockets: one per local address, so that the kernel tells which address was asked. */
import type { Socket } from 'node:dgram'
import { OPCODE, readOpcode } from '../packet/index.ts'
import type { Peer } from '../endpoint/contract.ts'
import { bind, createSocket, isUnreachable } from './dgram-core.ts'
import type { Core } from './dgram-core.ts'
import type { SharedPort, SharedTid } from './dgram-tid.ts'

/** Room for 5000 requests that arrive at once (each takes about 0.8 KB of the kernel's accounting), where the system allows it. */
const LISTEN_BUFFER_BYTES = 4 * 1024 * 1024

export interface ListenerOwner<Owner> {
  readonly core: Core<Owner>
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
  /** Bound to a broadcast address: it hears, and the answers leave from `localFor`. */
  readonly broadcast: boolean
  /** Transfers that share this socket, by address and port of the peer; empty unless there is a single port. */
  readonly #shared = new Map<string, SharedTid<Owner>>()
  open = true

  /** Rejects with the system's error. */
  static async open<Owner>(
    owner: ListenerOwner<Owner>,
    address: string,
    port: number,
    broadcast: boolean,
  ): Promise<Listener<Owner>> {
    const socket = createSocket(address)
    await bind(socket, address, port)
    return new Listener(owner, socket, address, broadcast)
  }

  private constructor(owner: ListenerOwner<Owner>, socket: Socket, address: string, broadcast: boolean) {
    this.#owner = owner
    this.broadcast = broadcast
    this.socket = socket
    this.address = address
    this.port = socket.address().port
    try {
      socket.setRecvBufferSize(LISTEN_BUFFER_BYTES)
    } catch {
      // Clients repeat a request that found no room.
    }
    socket.on('message', (data, from) => this.#received(data, from.address, from.port))
    socket.on('error', (error) => this.#failed(error))
  }

  share(peer: Peer, tid: SharedTid<Owner>): void {
    this.#shared.set(key(peer.address, peer.port), tid)
  }

  forget(peer: Peer): void {
    this.#shared.delete(key(peer.address, peer.port))
  }

  close(): void {
    if (!this.open) return
    this.open = false
    this.socket.close()
  }

  #received(data: Uint8Array, address: string, port: number): void {
    // Nobody can be answered at port 0.
    if (!this.open || port === 0) return
    const core = this.#owner.core
    core.stats.arrivals++
    core.tap?.datagram(true, this.address, this.port, address, port, data, data.length)
    if (this.#shared.size > 0 && !isRequest(data)) {
      const tid = this.#shared.get(key(address, port))
      if (tid !== undefined) return core.handlers.datagram(core.now(), tid.owner, data, 0, data.length)
    }
    const local = this.broadcast ? this.#owner.localFor(address) : this.address
    const peer: Peer = { address, port, local, near: this.#owner.isNear(address) }
    core.handlers.request(core.now(), peer, data, 0, data.length)
  }

  #failed(error: Error): void {
    this.#owner.core.stats.receiveErrors++
    // Windows reports here what ICMP said to an earlier answer.
    if (this.open && !isUnreachable(error)) this.#owner.failed(this, error)
  }
}

/** A repeated request comes from the port of its transfer, but it is for the endpoint to judge. */
function isRequest(data: Uint8Array): boolean {
  const opcode = readOpcode(data, 0, data.length)
  return opcode === OPCODE.rrq || opcode === OPCODE.wrq
}

function key(address: string, port: number): string {
  return `${address} ${port}`
}
