/** Transfers' own ports: a connected socket each, or, with a single port, a share of the listening socket. */
import type { Socket } from 'node:dgram'
import type { Peer } from '../../endpoint/contract.ts'
import type { Tid } from '../driver.ts'
import { errnoOf, tidError } from '../bind-error.ts'
import { type PortRange, portsOf } from '../port-range.ts'
import { anyAddress } from '../interfaces.ts'
import { bind, createSocket, isUnreachable, Sending } from './core.ts'
import type { Core } from './core.ts'
import { countSendError } from '../driver-stats.ts'

/**
 * A socket on `peer.local` with a random port, connected to the peer: the kernel then answers other senders with ICMP, reports ICMP
 * errors, and need not look the route up for each datagram.
 */
export class ConnectedTid<Owner> extends Sending<Owner> implements Tid {
  readonly localPort: number
  readonly #peer: Peer
  readonly #owner: Owner
  readonly #reported: (error: Error | null) => void
  #isOpen = true

  /** Rejects with ERR_TFTP_BIND. */
  static async open<Owner>(
    core: Core<Owner>,
    peer: Peer,
    owner: Owner,
    ports?: PortRange,
  ): Promise<ConnectedTid<Owner>> {
    const address = peer.local === '' ? anyAddress(peer.address) : peer.local
    let failure: unknown
    for (const port of portsOf(ports)) {
      const socket = createSocket(peer.address)
      try {
        await bind(socket, { address, port, exclusive: true })
        await connect(socket, peer)
        return new ConnectedTid(core, socket, peer, owner)
      } catch (error) {
        failure = error
        if (ports === undefined || errnoOf(error) !== 'EADDRINUSE') break
      }
    }
    throw tidError(`${peer.address} port ${peer.port}`, failure, ports)
  }

  private constructor(core: Core<Owner>, socket: Socket, peer: Peer, owner: Owner) {
    super(core, socket)
    this.#peer = peer
    this.#owner = owner
    this.localPort = socket.address().port
    this.#reported = (error) => {
      if (error !== null && error !== undefined && this.#isOpen) this.#failed(error, true)
    }
    socket.on('message', (data, from) => this.#received(data, from.port))
    socket.on('error', (error) => this.#failed(error, false))
  }

  reserve(bytes: number): void {
    try {
      if (this.socket.getRecvBufferSize() < bytes) this.socket.setRecvBufferSize(bytes)
    } catch {
      // The system's default is slower, not wrong: what does not fit is sent again.
    }
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.socket.close()
  }

  protected override get open(): boolean {
    return this.#isOpen
  }

  protected override put(data: Uint8Array, report: boolean): void {
    if (report) this.socket.send(data, this.#reported)
    else this.socket.send(data)
  }

  #received(data: Uint8Array, port: number): void {
    // A datagram of another sender may have arrived between bind and connect.
    if (!this.#isOpen || port !== this.#peer.port) return
    const core = this.core
    core.stats.arrivals++
    const now = core.now()
    core.handlers.datagram(now, this.#owner, data, 0, data.length)
    core.spin.datagram(now)
  }

  #failed(error: Error, sending: boolean): void {
    if (sending) countSendError(this.core.stats, error)
    else this.core.stats.receiveErrors++
    if (isUnreachable(error)) setImmediate(this.#polledOnce)
  }

  /**
   * The system reports ICMP before datagrams that came earlier: a client that sent its final ACK and went away must not
   * look as if it had not. So the socket is polled once more; this turn's poll is over already.
   */
  readonly #polledOnce = (): void => {
    setImmediate(this.#polledTwice)
  }

  readonly #polledTwice = (): void => {
    if (this.#isOpen) this.core.handlers.unreachable(this.core.now(), this.#owner)
  }
}

/** How a shared socket is used: see `Listener`. */
export interface SharedPort {
  readonly socket: Socket
  readonly address: string
  readonly port: number
  readonly open: boolean
  /** What `address` is called on this socket. */
  nameOf(address: string): string
  forget(peer: Peer): void
}

/** A transfer on the listening socket: the peer's address and port say which datagrams belong to it. */
export class SharedTid<Owner> extends Sending<Owner> implements Tid {
  readonly localPort: number
  readonly owner: Owner
  readonly #peer: Peer
  readonly #shared: SharedPort
  readonly #name: string
  readonly #reported: (error: Error | null) => void

  constructor(core: Core<Owner>, shared: SharedPort, peer: Peer, owner: Owner) {
    super(core, shared.socket)
    this.localPort = shared.port
    this.owner = owner
    this.#peer = peer
    this.#shared = shared
    this.#name = shared.nameOf(peer.address)
    this.#reported = (error) => {
      if (error !== null && error !== undefined) countSendError(core.stats, error)
    }
  }

  /** The listening socket's buffer is large already. */
  reserve(): void {}

  close(): void {
    this.#shared.forget(this.#peer)
  }

  protected override get open(): boolean {
    return this.#shared.open
  }

  protected override put(data: Uint8Array, report: boolean): void {
    const { port } = this.#peer
    if (report) this.socket.send(data, port, this.#name, this.#reported)
    else this.socket.send(data, port, this.#name)
  }
}

function connect(socket: Socket, peer: Peer): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error): void => {
      if (error === undefined || error === null) return resolve()
      socket.close()
      reject(error)
    }
    try {
      socket.connect(peer.port, peer.address, done as () => void)
    } catch (error) {
      socket.close()
      reject(error as Error)
    }
  })
}
