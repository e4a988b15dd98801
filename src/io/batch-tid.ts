/** A transfer's share of a socket. */
import type { Peer } from '../endpoint/contract.ts'
import type { Outbox, Route } from './batch-outbox.ts'
import type { SharedSocket } from './batch-socket.ts'
import type { Frame, Mapped, Tid } from './driver.ts'
import { SOCKADDR } from './native/linux.ts'
import type { Native } from './native/linux.ts'
import { writeSockaddr } from './native/sockaddr.ts'

export interface TidHost<Owner> {
  readonly outbox: Outbox
  /** Sends now, unless the driver is at work and will do so at its end. */
  push(): void
  closed(tid: BatchTid<Owner>): void
}

export class BatchTid<Owner> implements Tid, Route {
  readonly owner: Owner
  readonly peer: Peer
  readonly socket: SharedSocket<BatchTid<Owner>>
  readonly name: Uint32Array
  readonly nameBytes: number
  segments = true
  readonly #host: TidHost<Owner>
  #open = true

  constructor(host: TidHost<Owner>, socket: SharedSocket<BatchTid<Owner>>, peer: Peer, owner: Owner, name: PeerName) {
    this.#host = host
    this.socket = socket
    this.peer = peer
    this.owner = owner
    this.name = name.words
    this.nameBytes = name.bytes
  }

  get localPort(): number {
    return this.socket.port
  }

  sendControl(buffer: Uint8Array, length: number): void {
    if (!this.#open || !this.socket.isOpen) return
    this.#host.outbox.control(this, buffer, length)
    this.#host.push()
  }

  sendBlocks(frame: Frame, first: number, count: number, maxBytes: number, mapped?: Mapped): void {
    if (!this.#open || !this.socket.isOpen) return
    try {
      this.#host.outbox.blocks(this, frame, first, count, maxBytes, mapped)
    } finally {
      this.#host.push()
    }
  }

  /** The shared socket's buffer is large already. */
  reserve(): void {}

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#host.closed(this)
  }
}

/** A peer's address and port as the kernel reads them. */
export interface PeerName {
  readonly words: Uint32Array
  readonly bytes: number
}

export function peerName(native: Native, peer: Peer): PeerName {
  const bytes = new Uint8Array(SOCKADDR.bytes)
  const length = writeSockaddr(native, bytes, peer.address, peer.port)
  return { words: new Uint32Array(bytes.buffer), bytes: length }
}
