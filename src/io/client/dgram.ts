/** A client's socket by Node's own means: works on every platform. */
import type { Socket } from 'node:dgram'
import { cpus } from 'node:os'
import { performance } from 'node:perf_hooks'
import { Alarm } from '../dgram/alarm.ts'
import { errnoOf } from '../bind-error.ts'
import { anyAddress } from '../interfaces.ts'
import { clientBindError, seenText, withoutZone } from './socket.ts'
import type { ClientSocket, ClientSocketHandlers, ClientSocketOptions } from './socket.ts'
import { type Core, createSocket, isUnreachable, Sending } from '../dgram/core.ts'
import type { BlockFramer } from '../driver.ts'
import { SendMemory } from '../dgram/send-memory.ts'
import { EventLoopSpin } from '../dgram/event-loop-spin.ts'
import { countSendError, newStats } from '../driver-stats.ts'
import type { DriverStats } from '../driver-stats.ts'

export class DgramClientSocket implements ClientSocket {
  readonly #options: ClientSocketOptions
  readonly #handlers: ClientSocketHandlers
  readonly #core: Core<never>
  readonly #stats: DriverStats = newStats()
  readonly #alarm: Alarm
  readonly #channel: Channel
  #open = true
  /** The name of the error that kept the last request from being sent; '' for none. */
  #sendFault = ''
  /** Another address that sent something to this socket; '' for none. */
  #otherSender = ''

  constructor(options: ClientSocketOptions, handlers: ClientSocketHandlers) {
    this.#options = options
    this.#handlers = handlers
    const now = (): number => performance.now()
    const spin = new EventLoopSpin(now, cpus().length)
    this.#core = { handlers: NO_HANDLERS, stats: this.#stats, frames: new SendMemory(), spin, now }
    this.#alarm = new Alarm(
      now,
      () => this.#stats.arrivals,
      (at) => {
        handlers.timer(at)
        if (this.#open) handlers.left()
      },
    )
    this.#channel = this.#openChannel()
  }

  now(): number {
    return performance.now()
  }

  request(buffer: Uint8Array): void {
    const { port, address } = this.#options
    try {
      this.#channel.socket.send(buffer, port, address, (error) => {
        if (error !== null && error !== undefined) this.#sendFault = errnoOf(error)
      })
    } catch (cause) {
      this.#sendFault = errnoOf(cause)
    }
  }

  lock(port: number): void {
    this.#channel.lock(port)
  }

  sendControl(buffer: Uint8Array, length: number): void {
    if (this.#open) this.#channel.sendControl(buffer, length)
  }

  sendBlocks(framer: BlockFramer, first: number, count: number, maxBytes: number): void {
    if (this.#open) this.#channel.sendBlocks(framer, first, count, maxBytes)
  }

  reserve(bytes: number): void {
    const { socket } = this.#channel
    try {
      if (socket.getRecvBufferSize() < bytes) socket.setRecvBufferSize(bytes)
    } catch {
      // What does not fit is sent again.
    }
  }

  deadline(at: number): void {
    this.#alarm.set(at)
  }

  seen(): string {
    return seenText(this.#sendFault, this.#otherSender)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#alarm.close()
    this.#channel.close()
  }

  #openChannel(): Channel {
    const { address, localAddress } = this.#options
    const channel = new Channel(this.#core, createSocket(localAddress ?? address), address, {
      received: (data, port) => {
        if (!this.#open) return
        this.#stats.arrivals++
        const now = this.now()
        this.#handlers.datagram(now, data, 0, data.length, port)
        if (!this.#open) return
        this.#core.spin.datagram(now)
        this.#handlers.left()
      },
      otherSender: (from) => {
        this.#otherSender = from
      },
      unreachable: () => {
        if (this.#open) this.#handlers.unreachable(this.now())
      },
      // Binding may fail within the constructor, before the owner has the socket.
      failed: (cause) => {
        queueMicrotask(() => {
          if (this.#open) this.#handlers.failed(clientBindError(this.#options, errnoOf(cause), cause))
        })
      },
    })
    channel.socket.bind({ address: localAddress ?? anyAddress(address), port: 0, exclusive: true })
    return channel
  }
}

interface ChannelEvents {
  received(data: Buffer, port: number): void
  /** A datagram came from another address than the server's. */
  otherSender(address: string): void
  unreachable(): void
  failed(cause: Error): void
}

/** One local port of a client socket. */
class Channel extends Sending<never> {
  declare readonly socket: Socket
  readonly #address: string
  readonly #events: ChannelEvents
  readonly #reported: (error: Error | null) => void
  #bound = false
  #closed = false

  constructor(core: Core<never>, socket: Socket, address: string, events: ChannelEvents) {
    super(core, socket)
    this.#address = address
    this.#events = events
    this.#reported = (error) => {
      if (error !== null && error !== undefined) this.#failed(error)
    }
    socket.once('listening', () => {
      this.#bound = true
    })
    const bare = withoutZone(address)
    socket.on('message', (data, from) => {
      if (withoutZone(from.address) !== bare) this.#events.otherSender(from.address)
      // What was queued before the lock may come from another port of the server: the owner compares ports.
      else if (!this.#closed) this.#events.received(data, from.port)
    })
    socket.on('error', (error) => this.#failed(error))
  }

  /** Takes effect at once: `createSocket`'s lookup is synchronous. */
  lock(port: number): void {
    try {
      this.socket.connect(port, this.#address)
    } catch (cause) {
      this.#failed(cause as Error)
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.socket.close()
  }

  protected override get open(): boolean {
    return !this.#closed
  }

  protected override put(data: Uint8Array, report: boolean): void {
    if (report) this.socket.send(data, this.#reported)
    else this.socket.send(data)
  }

  #failed(error: Error): void {
    if (this.#closed) return
    if (!this.#bound) this.#events.failed(error)
    else if (isUnreachable(error)) this.#events.unreachable()
    else countSendError(this.core.stats, error)
  }
}

/** The channel hands its datagrams over itself, with the port that they came from. */
const NO_HANDLERS = {
  isRequest: (): boolean => false,
  request(): void {},
  datagram(): void {},
  stray(): undefined {},
  unreachable(): void {},
  unreadable(): void {},
  timer(): void {},
  listenerFailed(): void {},
}
