/** What the sockets of one dgram driver share, and how Node's sockets are made to behave for TFTP. */
import dgram from 'node:dgram'
import type { BindOptions, Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { DriverHandlers, BlockFramer } from '../driver.ts'
import { errnoOf } from '../bind-error.ts'
import type { SendMemory } from './send-memory.ts'
import type { EventLoopSpin } from './event-loop-spin.ts'
import { countSendError } from '../driver-stats.ts'
import type { DriverStats } from '../driver-stats.ts'

/** A slow link's queue for one peer; a window that is longer loses its end here instead of in the kernel. */
const MAX_QUEUED = 2048
/** One in this many datagrams that are sent alone asks Node for the outcome. */
const REPORT_EVERY = 64

export interface Core<Owner> {
  readonly handlers: DriverHandlers<Owner>
  readonly stats: DriverStats
  readonly frames: SendMemory
  readonly spin: EventLoopSpin
  now(): number
}

/** A UDP socket for numeric addresses: nothing is looked up, so binding and sending happen at once. */
export function createSocket(address: string): Socket {
  const type = isIPv6(address) ? 'udp6' : 'udp4'
  return dgram.createSocket({ type, ipv6Only: type === 'udp6', lookup: numericLookup as never })
}

/** One that several programs of this machine may bind to the same group and port. */
export function createGroupSocket(): Socket {
  return dgram.createSocket({ type: 'udp4', reuseAddr: true, lookup: numericLookup as never })
}

/** Binds `socket`, or takes over a descriptor that is bound; rejects with the system's error. */
export function bind(socket: Socket, options: BindOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.close()
      reject(error)
    }
    socket.once('error', fail)
    socket.bind(options, () => {
      socket.off('error', fail)
      resolve()
    })
  })
}

/** ICMP reported that no program has the peer's port (ECONNRESET on Windows). Other errors may pass: a cable, an ARP entry. */
export function isUnreachable(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'ECONNREFUSED' || code === 'ECONNRESET'
}

/**
 * Sends datagrams through one socket to one peer, connected or not. The one place that obeys the rule of `SendMemory`:
 * memory that Node had to queue is not touched again.
 */
export abstract class Sending<Owner> {
  protected readonly core: Core<Owner>
  protected readonly socket: Socket
  #sends = 0
  /** Datagrams in Node's queue after the last send. Only this object adds to that queue. */
  #queued = 0

  constructor(core: Core<Owner>, socket: Socket) {
    this.core = core
    this.socket = socket
  }

  sendControl(buffer: Uint8Array, length: number): void {
    const target = this.#room(length)
    if (target === undefined) return
    for (let i = 0; i < length; i++) target[i] = buffer[i] as number
    this.#send(target, false)
  }

  sendBlocks(framer: BlockFramer, first: number, count: number, maxBytes: number): void {
    for (let seq = first, last = first + count - 1; seq <= last; seq++) {
      const target = this.#room(maxBytes)
      if (target === undefined) continue
      const length = framer.frame(seq, target)
      this.#send(length === maxBytes ? target : target.subarray(0, length), count > 1 && seq === last)
    }
  }

  /** False once the socket is closed: nothing may be asked of it any more. */
  protected abstract get open(): boolean
  /** Hands `data` to the system. `report`: whether the outcome is worth a callback. */
  protected abstract put(data: Uint8Array, report: boolean): void

  /** Memory for a datagram of up to `length` bytes; undefined when it would be dropped: closed, or the queue is full. */
  #room(length: number): Uint8Array | undefined {
    if (!this.open) return undefined
    if (this.#queued === 0) return this.core.frames.view(length)
    this.#queued = this.socket.getSendQueueCount()
    if (this.#queued === 0) return this.core.frames.view(length)
    if (this.#queued < MAX_QUEUED) return new Uint8Array(length)
    this.core.stats.dropped++
    return undefined
  }

  /**
   * Sends one datagram. A callback for the outcome costs a good part of what the datagram does, so few have one: faults of a network
   * last, and one callback in many shows them. The receiving side reports ICMP when the socket is polled; only within a window may
   * the next datagram swallow it, so the last datagram of a window has a callback (`report`).
   */
  #send(data: Uint8Array, report: boolean): void {
    try {
      this.put(data, report || this.#sends++ % REPORT_EVERY === 0)
    } catch (error) {
      // Node throws at what it can see to be wrong before the system is asked.
      countSendError(this.core.stats, error)
      return
    }
    this.#queued = this.socket.getSendQueueCount()
    if (this.#queued > 0) this.core.frames.release(data)
  }
}

function numericLookup(
  address: string,
  family: unknown,
  callback: (error: Error | null, address: string, family: number) => void,
): void {
  void family
  callback(null, address, isIPv6(address) ? 6 : 4)
}
