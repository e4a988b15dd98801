/** One client of the load process: a socket, a server, one transfer after the other. */
import dgram from 'node:dgram'
import type { Socket } from 'node:dgram'

/** Repeats of one packet before a transfer counts as failed. */
const MAX_REPEATS = 6
/** Where a socket's queue is this long a window fits even with the kernel's accounting of small packets. */
const BUFFER_BYTES = 1024 * 1024
/** A connected socket sends at half the cost, but connecting costs as much as several packets. */
const CONNECT_FROM_BYTES = 256 * 1024
const HOLD_TRIES = 20
const HOLD_RETRY_MS = 250

/** A transfer as the client sees it: packets in, packets out. */
export interface Task {
  readonly request: Uint8Array
  readonly sizeBytes: number
  readonly blksize: number
  readonly windowsize: number
  repeats: number
  /** '' at the end, a fault, or undefined to go on. */
  receive(data: Buffer, send: (packet: Uint8Array) => void): string | undefined
  /** The server was silent: send again what it may not have got. */
  repeat(send: (packet: Uint8Array) => void): void
}

export class Client {
  readonly #socket: Socket
  readonly #address: string
  readonly #port: number
  #connected = false
  /** The server's port for this transfer; 0 until it has answered. */
  #tid = 0
  #task: Task | undefined
  #settle: ((fault: string | undefined) => void) | undefined
  #heard: (() => void) | undefined
  #quietSince = 0
  #timeoutMs = 0
  #silent = 0

  static open(address: string, port: number): Promise<Client> {
    const socket = dgram.createSocket({ type: 'udp4', lookup: numericLookup as never })
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ port: 0, address: '127.0.0.1', exclusive: true }, () => {
        socket.off('error', reject)
        resolve(new Client(socket, address, port))
      })
    })
  }

  private constructor(socket: Socket, address: string, port: number) {
    this.#socket = socket
    this.#address = address
    this.#port = port
    try {
      socket.setRecvBufferSize(BUFFER_BYTES)
    } catch {
      // The system's default does for most windows.
    }
    socket.on('message', (data, from) => this.#received(data, from.port))
    // ICMP: the server will be silent, which is noticed.
    socket.on('error', () => undefined)
  }

  /** Undefined when `task` was done, else what went wrong. */
  run(task: Task, timeoutMs: number): Promise<string | undefined> {
    if (this.#connected) this.#socket.disconnect()
    this.#connected = false
    this.#tid = 0
    this.#task = task
    this.#timeoutMs = timeoutMs
    this.#silent = 0
    this.#quietSince = performance.now()
    return new Promise((resolve) => {
      this.#settle = resolve
      this.#socket.send(task.request, this.#port, this.#address)
    })
  }

  /** Sends `request` until something answers; false when nothing does. What comes later is ignored. */
  async ask(request: Uint8Array): Promise<boolean> {
    let heard = false
    for (let tries = 0; tries < HOLD_TRIES && !heard; tries++) {
      this.#socket.send(request, this.#port, this.#address)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, HOLD_RETRY_MS)
        this.#heard = () => {
          heard = true
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return heard
  }

  /** The owner's clock: repeats what a silent server may not have got. */
  look(now: number): void {
    const task = this.#task
    if (task === undefined || now - this.#quietSince < this.#timeoutMs) return
    this.#quietSince = now
    if (++this.#silent > MAX_REPEATS) return this.#end(`silence after ${MAX_REPEATS} repeats`)
    task.repeats++
    if (this.#tid === 0) this.#socket.send(task.request, this.#port, this.#address)
    else task.repeat(this.#send)
  }

  close(): void {
    this.#socket.close()
  }

  #received(data: Buffer, port: number): void {
    this.#heard?.()
    const task = this.#task
    if (task === undefined) return
    if (this.#tid === port) return this.#handle(task, data)
    if (this.#tid !== 0) return
    this.#tid = port
    if (task.sizeBytes < CONNECT_FROM_BYTES) return this.#handle(task, data)
    this.#socket.connect(port, this.#address, () => {
      this.#connected = true
      this.#handle(task, data)
    })
  }

  #handle(task: Task, data: Buffer): void {
    this.#silent = 0
    this.#quietSince = performance.now()
    const fault = task.receive(data, this.#send)
    if (fault !== undefined) this.#end(fault === '' ? undefined : fault)
  }

  #end(fault: string | undefined): void {
    this.#task = undefined
    this.#settle?.(fault)
  }

  readonly #send = (packet: Uint8Array): void => {
    if (this.#connected) this.#socket.send(packet)
    else this.#socket.send(packet, this.#tid, this.#address)
  }
}

function numericLookup(
  address: string,
  _options: unknown,
  callback: (error: Error | null, address: string, family: number) => void,
): void {
  callback(null, address, 4)
}
