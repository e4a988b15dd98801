/** A TFTP client that does exactly what a test says, on a real socket. It shares no code with the product. */
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'

export interface Packet {
  readonly opcode: number
  /** Block of DATA and ACK, code of ERROR. */
  readonly number: number
  /** Payload of DATA, text of ERROR, options of OACK. */
  readonly body: Buffer
  readonly port: number
  readonly address: string
}

/**
 * Below the ports that the system gives away. One that the system gave may have had another owner a moment ago, and then a server of another test, which
 * runs at the same time, still sends to it.
 */
const FIRST_PORT = 10_000
const PORTS = 22_000
const MOST_TRIES = 100
let portsTaken = (process.pid * 997) % PORTS

function nextPort(): number {
  return FIRST_PORT + (portsTaken++ % PORTS)
}

export class RawClient {
  readonly socket: Socket
  readonly server: number
  readonly #inbox: Packet[] = []
  #waiting: (() => void) | undefined

  static async open(server: number, address = '127.0.0.1'): Promise<RawClient> {
    // Nothing to look up: what is sent leaves before the call returns, also when the socket is closed next.
    const lookup = (name: string, family: unknown, done: (error: null, address: string, family: unknown) => void) =>
      done(null, name, family)
    const type = address.includes(':') ? 'udp6' : 'udp4'
    for (let tries = 0; ; tries++) {
      const socket = createSocket({ type, lookup: lookup as never })
      try {
        const listening = once(socket, 'listening')
        socket.bind(nextPort(), address)
        await listening
        return new RawClient(socket, server)
      } catch (error) {
        socket.close()
        if (tries === MOST_TRIES) throw error
      }
    }
  }

  private constructor(socket: Socket, server: number) {
    this.socket = socket
    this.server = server
    socket.on('message', (data, from) => {
      const body = data.subarray(data[1] === 6 ? 2 : 4)
      const number = data[1] === 6 ? 0 : data.readUInt16BE(2)
      this.#inbox.push({ opcode: data.readUInt16BE(0), number, body, port: from.port, address: from.address })
      this.#waiting?.()
    })
  }

  request(opcode: 1 | 2, file: string, options: Record<string, string | number> = {}, mode = 'octet'): void {
    const words = [file, mode, ...Object.entries(options).flat()]
    this.raw(Buffer.concat([Buffer.from([0, opcode]), Buffer.from(words.map((word) => `${word}\0`).join(''))]))
  }

  ack(block: number, port: number): void {
    this.raw(Buffer.from([0, 4, block >> 8, block & 255]), port)
  }

  data(block: number, payload: Uint8Array, port: number): void {
    this.raw(Buffer.concat([Buffer.from([0, 3, block >> 8, block & 255]), payload]), port)
  }

  error(code: number, text: string, port: number): void {
    this.raw(Buffer.from(`\0\x05\0${String.fromCharCode(code)}${text}\0`, 'latin1'), port)
  }

  raw(data: Uint8Array, port = this.server, address = '127.0.0.1'): void {
    this.socket.send(data, port, this.socket.address().family === 'IPv6' ? '::1' : address)
  }

  /** The next packet; fails loudly when none comes. */
  async next(timeoutMs = 10_000): Promise<Packet> {
    const packet = await this.maybeNext(timeoutMs)
    if (packet === undefined) throw new Error(`no packet came in ${timeoutMs} ms`)
    return packet
  }

  async maybeNext(timeoutMs: number): Promise<Packet | undefined> {
    if (this.#inbox.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#waiting = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.#inbox.shift()
  }

  /** Acknowledges `from`, and then each block as it comes, until block `until` or something else has come: that is returned. */
  async read(from: Packet, until: number): Promise<Packet> {
    let packet = from
    do {
      // A repeat on a busy machine has the number of its block.
      this.ack(packet.opcode === 6 ? 0 : packet.number, from.port)
      packet = await this.next()
    } while (packet.opcode === 3 && packet.number !== until)
    return packet
  }

  /** Loads a file in lock-step, or in windows; returns its bytes, or the ERROR that ended it. */
  async get(file: string, options: Record<string, string | number> = {}, mode = 'octet'): Promise<Buffer | Packet> {
    const blksize = Number(options.blksize ?? 512)
    const window = Number(options.windowsize ?? 1)
    const blocks: Buffer[] = []
    this.request(1, file, options, mode)
    // One ACK for a gap or a repeat, then silence until something in order comes (RFC 7440 §4).
    for (let inWindow = 0, told = false; ; ) {
      const packet = await this.next()
      if (packet.opcode === 5) return packet
      if (packet.opcode === 6) {
        this.ack(0, packet.port)
        continue
      }
      if (packet.number !== ((blocks.length + 1) & 0xffff)) {
        if (window === 1 || !told) this.ack(blocks.length & 0xffff, packet.port)
        told = true
        inWindow = 0
        continue
      }
      blocks.push(packet.body)
      told = false
      const final = packet.body.length < blksize
      if (final || ++inWindow === window) {
        this.ack(packet.number, packet.port)
        inWindow = 0
      }
      if (final) return Buffer.concat(blocks)
    }
  }

  /** Stores `bytes` in lock-step; the ERROR that ended it, or undefined when the last block was acknowledged. */
  async put(file: string, bytes: Buffer, options: Record<string, string | number> = {}): Promise<Packet | undefined> {
    const blksize = Number(options.blksize ?? 512)
    const last = Math.floor(bytes.length / blksize) + 1
    this.request(2, file, options)
    for (let sent = 0; ; ) {
      const packet = await this.next()
      if (packet.opcode === 5) return packet
      if (packet.opcode === 4 && packet.number !== (sent & 0xffff)) continue
      if (sent === last) return undefined
      sent++
      this.data(sent & 0xffff, bytes.subarray((sent - 1) * blksize, sent * blksize), packet.port)
    }
  }

  close(): void {
    this.socket.close()
  }
}

/** The options of an OACK. */
export function optionsOf(packet: Packet): Record<string, string> {
  const words = packet.body.toString('latin1').split('\0')
  const options: Record<string, string> = {}
  for (let i = 0; i + 1 < words.length; i += 2) options[words[i] as string] = words[i + 1] as string
  return options
}
