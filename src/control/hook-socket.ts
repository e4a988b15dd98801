/** Events as lines of JSON to a program that listens on a Unix socket. Without a reader, or with a slow one, they are dropped and counted. */
import { createConnection, type Socket } from 'node:net'
import type { ServerEvent } from '../server/contract.ts'

/** Bytes that may wait for the reader. */
const MOST_WAITING_BYTES = 1 << 20
/** Between two tries to reach the reader, in milliseconds. */
const RETRY_MS = 1000

export interface HookSocketOptions {
  readonly path: string
  /** Gets a line for the log: when the reader is gone, when it is there again, and what was dropped meanwhile. */
  readonly notice: (message: string) => void
}

export class HookSocket {
  readonly #options: HookSocketOptions
  #socket: Socket | undefined
  #isConnected = false
  #isClosed = false
  /** Whether the log says that the reader is missing. */
  #isMissed = false
  #dropped = 0
  #retry: NodeJS.Timeout | undefined

  constructor(options: HookSocketOptions) {
    this.#options = options
    this.#connect()
  }

  event(event: ServerEvent): void {
    const socket = this.#socket
    if (socket === undefined || !this.#isConnected || socket.writableLength > MOST_WAITING_BYTES) {
      this.#dropped++
      return
    }
    this.#tellDropped()
    socket.write(`${JSON.stringify(event)}\n`)
  }

  /** What was written still reaches a reader that reads. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    const socket = this.#socket
    if (socket === undefined || !this.#isConnected) return void socket?.destroy()
    const { promise, resolve } = Promise.withResolvers<void>()
    setTimeout(resolve, RETRY_MS).unref()
    socket.end(resolve)
    await promise
    socket.destroy()
  }

  #connect(): void {
    const { path, notice } = this.#options
    const socket = createConnection(path)
    this.#socket = socket
    socket.on('connect', () => {
      this.#isConnected = true
      if (this.#isMissed) notice(`${path} has a reader again`)
      this.#isMissed = false
    })
    socket.on('error', (error: NodeJS.ErrnoException) => this.#miss(error.code ?? error.message))
    socket.on('close', () => {
      this.#isConnected = false
      if (this.#isClosed) return
      this.#miss('it was closed')
      this.#retry = setTimeout(() => this.#connect(), RETRY_MS)
    })
    socket.resume()
  }

  #miss(reason: string): void {
    if (this.#isMissed || this.#isClosed) return
    this.#isMissed = true
    this.#options.notice(`${this.#options.path} has no reader (${reason}): events for it are dropped until it has`)
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return
    const dropped = this.#dropped
    this.#dropped = 0
    this.#options.notice(`${this.#options.path}: ${dropped} events were dropped`)
  }
}
