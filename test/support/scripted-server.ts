/** A TFTP server on loopback, for clients: the test writes each packet that it sends. */
import { createSocket, type Socket } from 'node:dgram'
import {
  encodeOack,
  OPCODE,
  type Option,
  parseError,
  parseRequest,
  readBlock,
  readOpcode,
  writeAck,
  writeDataHeader,
} from '../../src/packet/index.ts'

/** One port of the server, and what arrives there, as words: `rrq blksize=512`, `ack 3`, `data 2:512`, `error 5`. */
export class ScriptedPort {
  readonly address: string
  readonly #socket: Socket
  readonly #received: { text: string; port: number; bytes: Buffer }[] = []
  #waiting: (() => void) | undefined
  /** Where the last packet came from, and the next one goes. */
  clientPort = 0

  private constructor(socket: Socket, address: string) {
    this.#socket = socket
    this.address = address
    socket.on('error', () => {})
    socket.on('message', (bytes, from) => {
      this.#received.push({ text: words(bytes), port: from.port, bytes })
      this.#waiting?.()
    })
  }

  static open(address = '127.0.0.1', port = 0): Promise<ScriptedPort> {
    return new Promise((resolve, reject) => {
      const socket = createSocket('udp4')
      socket.once('error', reject)
      socket.bind(port, address, () => {
        socket.off('error', reject)
        resolve(new ScriptedPort(socket, address))
      })
    })
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** The next packet, in words; 'nothing' after `ms`. */
  async next(ms = 3000): Promise<string> {
    if (this.#received.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#waiting = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#waiting = undefined
    }
    const first = this.#received.shift()
    if (first === undefined) return 'nothing'
    this.clientPort = first.port
    return first.text
  }

  send(bytes: Uint8Array, clientPort = this.clientPort): void {
    this.#socket.send(bytes, clientPort, '127.0.0.1')
  }

  data(block: number, payload: Uint8Array | number): void {
    const body = typeof payload === 'number' ? new Uint8Array(payload).fill(block & 255) : payload
    const packet = new Uint8Array(4 + body.length)
    writeDataHeader(packet, 0, block)
    packet.set(body, 4)
    this.send(packet)
  }

  ack(block: number): void {
    const packet = new Uint8Array(4)
    writeAck(packet, 0, block)
    this.send(packet)
  }

  oack(text: string): void {
    this.send(
      encodeOack(
        text.split(' ').map((word): Option => ({ name: word.replace(/=.*/, ''), value: word.replace(/.*=/, '') })),
      ),
    )
  }

  close(): void {
    this.#socket.close()
  }
}

function words(bytes: Buffer): string {
  const opcode = readOpcode(bytes, 0, bytes.length)
  if (opcode === OPCODE.data) return `data ${readBlock(bytes, 0)}:${bytes.length - 4}`
  if (opcode === OPCODE.ack) return `ack ${readBlock(bytes, 0)}`
  if (opcode === OPCODE.error) {
    const error = parseError(bytes, 0, bytes.length)
    return `error ${error.ok ? error.value.wireCode : '?'}`
  }
  const request = parseRequest(bytes, 0, bytes.length)
  if (!request.ok) return `opcode ${opcode}`
  return [opcode === OPCODE.rrq ? 'rrq' : 'wrq', ...request.value.options.map((o) => `${o.name}=${o.value}`)].join(' ')
}
