/** A transfer's share of a socket. */
import type { Peer } from '../../endpoint/contract.ts'
import type { Names } from './names.ts'
import type { SendQueue, Route } from './send-queue.ts'
import type { SharedSocket } from './socket.ts'
import type { BlockFramer, Mapped, Tid } from '../driver.ts'

export interface TidHost<Owner> {
  readonly sendQueue: SendQueue
  /** The addresses of all peers. */
  readonly names: Names
  /** Sends now, unless the driver is at work and will do so at its end. */
  push(): void
  closed(tid: BatchTid<Owner>): void
}

export class BatchTid<Owner> implements Tid, Route {
  readonly owner: Owner
  readonly peer: Peer
  readonly socket: SharedSocket<BatchTid<Owner>>
  readonly nameAt: number
  segments = true
  readonly #host: TidHost<Owner>
  #open = true

  constructor(host: TidHost<Owner>, socket: SharedSocket<BatchTid<Owner>>, peer: Peer, owner: Owner, nameAt: number) {
    this.#host = host
    this.socket = socket
    this.peer = peer
    this.owner = owner
    this.nameAt = nameAt
  }

  get names(): Uint32Array {
    return this.#host.names.words
  }

  get nameBytes(): number {
    return this.socket.nameBytes
  }

  get localPort(): number {
    return this.socket.port
  }

  sendControl(buffer: Uint8Array, length: number): void {
    if (!this.#open || !this.socket.isOpen) return
    this.#host.sendQueue.control(this, buffer, length)
    this.#host.push()
  }

  sendBlocks(framer: BlockFramer, first: number, count: number, maxBytes: number, mapped?: Mapped): void {
    if (!this.#open || !this.socket.isOpen) return
    try {
      this.#host.sendQueue.blocks(this, framer, first, count, maxBytes, mapped)
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
