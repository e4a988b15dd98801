/**
 * A bound on connections that costs little when it is reached: those beyond it wait, unread, for one of the others to end. A host that opens a
 * connection anew as soon as it is closed is slowed down by the wait; closed at once it would keep the thread busy with nothing else.
 */
import type { Server, Socket } from 'node:net'

export interface GateBounds {
  /** Connections that are served at a time. */
  readonly maxServed: number
  /** Connections that wait; more are closed at once. */
  readonly maxWaiting: number
  readonly waitMs: number
}

export class Gate {
  readonly #bounds: GateBounds
  readonly #serve: (socket: Socket) => void
  #served = 0
  /** In the order in which they came, with the time at which each is given up. */
  readonly #waiting = new Map<Socket, number>()
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
    this.#waiting.set(socket, performance.now() + this.#bounds.waitMs)
    this.#giveUpLater()
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const socket of this.#waiting.keys()) socket.destroy()
    this.#waiting.clear()
  }

  #begin(socket: Socket): void {
    this.#served++
    socket.once('close', () => {
      this.#served--
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

  /** The oldest are given up when their time is over, many with one look at the clock. */
  #giveUpLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const now = performance.now()
      for (const [socket, until] of this.#waiting) {
        if (until > now) break
        this.#waiting.delete(socket)
        socket.destroy()
      }
      if (this.#waiting.size > 0) this.#giveUpLater()
    }, this.#bounds.waitMs / 4).unref()
  }
}

/** Puts a gate before what `server` does with a connection. Its connections must come unread (`pauseOnConnect`). */
export function gateBefore(server: Server, bounds: GateBounds): Gate {
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[]
  server.removeAllListeners('connection')
  const gate = new Gate(bounds, (socket) => {
    for (const listener of listeners) listener.call(server, socket)
  })
  server.on('connection', (socket) => gate.enter(socket))
  return gate
}

function ignore(): void {}
