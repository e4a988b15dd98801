/** Plays the server to one client by hand, packet by packet: for tests of the models. */
import {
  encodeError,
  encodeOack,
  HEADER_BYTES,
  OPCODE,
  parseError,
  parseRequest,
  readBlock,
  readOpcode,
  writeDataHeader,
} from '../../packet/index.ts'
import { type Client, SERVER_PORT } from './client.ts'

export const SERVER_TID = 40_000
const FIRST_CLIENT_PORT = 2070

export class ByHand {
  now = 0
  /** What the client sent and the test has not taken yet, as `RRQ a=1`, `ACK 5`, `ERROR 8`. */
  #said: string[] = []
  /** Port that the client sends from. */
  port = FIRST_CLIENT_PORT
  /** Port that it last sent to. */
  to = 0
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
    client.attach({
      send: (_now, buffer, offset, length, from, to) => {
        this.port = from
        this.to = to
        this.#said.push(describe(buffer, offset, length))
      },
    })
    this.#pass(0)
  }

  /** What the client has said since the last call. */
  take(): string[] {
    const said = this.#said
    this.#said = []
    return said
  }

  /** Lets time pass; timers fire on the way. */
  wait(ms: number): string[] {
    this.#pass(ms)
    return this.take()
  }

  /** Sends DATA whose bytes all are the low byte of `fill`, which is `block` unless given. Returns the answers. */
  data(block: number, length = 512, fill = block, from = SERVER_TID): string[] {
    const packet = new Uint8Array(HEADER_BYTES + length).fill(fill & 255)
    writeDataHeader(packet, 0, block & 0xffff)
    return this.#hand(packet, from)
  }

  oack(options: Record<string, number>, from = SERVER_TID): string[] {
    return this.#hand(
      encodeOack(Object.entries(options).map(([name, value]) => ({ name, value: String(value) }))),
      from,
    )
  }

  error(wireCode: number): string[] {
    return this.#hand(encodeError(wireCode, 'no'), SERVER_TID)
  }

  #pass(ms: number): void {
    const until = this.now + ms
    while (this.#client.deadline <= until) {
      this.now = Math.max(this.now, this.#client.deadline)
      this.#client.handleTimer(this.now)
    }
    this.now = until
  }

  #hand(packet: Uint8Array, from: number): string[] {
    this.#client.handleDatagram(this.now, packet, 0, packet.length, from, this.port)
    return this.take()
  }
}

function describe(buffer: Uint8Array, offset: number, length: number): string {
  const opcode = readOpcode(buffer, offset, length)
  if (opcode === OPCODE.ack) return `ACK ${readBlock(buffer, offset)}`
  if (opcode === OPCODE.error) {
    const error = parseError(buffer, offset, length)
    return error.ok ? `ERROR ${error.value.wireCode}` : 'bad ERROR'
  }
  const request = parseRequest(buffer, offset, length)
  if (!request.ok) return 'bad request'
  return ['RRQ', ...request.value.options.map((o) => `${o.name}=${o.value}`)].join(' ')
}

export { SERVER_PORT }
