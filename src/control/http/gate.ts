/**
 * A bound on connections that costs little when it is reached: those beyond it wait, unread, for one of the others to end. A host that opens a
 * connection anew as soon as it is closed is slowed down by the wait; closed at once it would keep the thread busy with nothing else. While some
 * wait, one that has asked nothing for a second makes room for them.
 */
import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'

export interface GateBounds {
  /** Connections that are served at a time. */
  readonly maxServed: number
  /** Connections that wait; more are closed at once. */
  readonly maxWaiting: number
  readonly waitMs: number
  /** While others wait, a connection has this long for its first request. */
  readonly askWithinMs: number
}

interface Silent {
  readonly socket: Socket
  readonly since: number
}

export class Gate {
  readonly #bounds: GateBounds
  readonly #serve: (socket: Socket) => void
  #served = 0
  /** In the order in which they came, with the time at which each is given up. */
  readonly #waiting = new Map<Socket, number>()
  /** Those that are served and have asked nothing yet, the oldest first, by their other end: with TLS a request comes by another socket. */
  readonly #silent = new Map<string, Silent>()
  #timer: NodeJS.Timeout | undefined

  constructor(bounds: GateBounds, serve: (socket: Socket) => void) {
    this.#bounds = bounds
    this.#serve = serve
  }

  /** A connection came. It has not been read from. */
  enter(socket: Socket): void {
    socket.on('error', ignore)
    if (this.#served < this.#bounds.maxServed) return this.#begin(socket)
    if (this.#waiting.size >= this.#bounds.maxWaiting) return void socket.destroy()
    const now = performance.now()
    this.#waiting.set(socket, now + this.#bounds.waitMs)
    this.#makeRoom(now)
    this.#lookLater()
  }

  /** A request came by `socket`, or by one that is inside it. */
  asked(socket: Socket): void {
    this.#silent.delete(otherEndOf(socket))
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const socket of this.#waiting.keys()) socket.destroy()
    this.#waiting.clear()
  }

  #begin(socket: Socket): void {
    this.#served++
    const otherEnd = otherEndOf(socket)
    this.#silent.set(otherEnd, { socket, since: performance.now() })
    socket.once('close', () => {
      this.#served--
      if (this.#silent.get(otherEnd)?.socket === socket) this.#silent.delete(otherEnd)
      this.#beginNext()
    })
    this.#serve(socket)
    socket.resume()
  }

  #beginNext(): void {
    for (const socket of this.#waiting.keys()) {
      this.#waiting.delete(socket)
      return this.#begin(socket)
    }
  }

  /** One for each that waits. */
  #makeRoom(now: number): void {
    let left = this.#waiting.size
    for (const { socket, since } of this.#silent.values()) {
      if (left-- === 0 || now - since < this.#bounds.askWithinMs) return
      socket.destroy()
    }
  }

  /** Many with one look at the clock. */
  #lookLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const now = performance.now()
      for (const [socket, until] of this.#waiting) {
        if (until > now) break
        this.#waiting.delete(socket)
        socket.destroy()
      }
      if (this.#waiting.size === 0) return
      this.#makeRoom(now)
      this.#lookLater()
    }, this.#bounds.waitMs / 4).unref()
  }
}

/** Puts a gate before what `server` does with a connection. Its connections must come unread (`pauseOnConnect`). */
export function gateBefore(server: HttpServer, bounds: GateBounds): Gate {
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  const gate = new Gate(bounds, (socket) => {
    for (const listener of listeners) listener.call(server, socket)
  })
  server.on('connection', (socket: Socket) => gate.enter(socket))
  server.on('request', ({ socket }) => gate.asked(socket))
  return gate
}

function otherEndOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

function ignore(): void {}
