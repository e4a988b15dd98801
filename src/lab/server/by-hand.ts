/** Plays the client to one server by hand, packet by packet: for tests of the models. */
import {
  encodeError,
  encodeRequest,
  HEADER_BYTES,
  OPCODE,
  parseError,
  parseOack,
  readBlock,
  readOpcode,
  writeAck,
} from '../../packet/index.ts'
import type { Outcome } from '../../transfer/contract.ts'
import { Rng } from '../rng.ts'
import type { ServerNode } from '../server-node.ts'
import { type ForeignModel, serverNode } from './model.ts'

const CLIENT_PORT = 2070
const SERVER_PORT = 69
const BLKSIZE = 512

export class ByHand {
  now = 0
  readonly node: ServerNode
  /** Everything that left, with its time: `0 1` is DATA 1 at 0 ms. */
  #said: { readonly at: number; readonly what: string }[] = []
  #tid = 0
  readonly #packet = new Uint8Array(HEADER_BYTES)

  /** Each block is filled with its own number; the last of `blocks` is short. */
  constructor(model: ForeignModel, blocks: number) {
    const image = new Uint8Array((blocks - 1) * BLKSIZE + 100)
    for (let i = 0; i < image.length; i++) image[i] = Math.floor(i / BLKSIZE) + 1
    this.node = serverNode(model, { image, rng: new Rng(1) })
    this.node.attach({
      send: (now, buffer, offset, length, from) => {
        if (this.#tid === 0) this.#tid = from
        this.#said.push({ at: now, what: describe(buffer, offset, length) })
      },
    })
  }

  get outcome(): Outcome | undefined {
    return this.node.outcome
  }

  /** Sends the request and returns the answer: `1` for DATA 1, `OACK timeout=1`, `ERROR 8`, all in one line. */
  ask(options: Record<string, number | string> = {}, port = CLIENT_PORT): string {
    const list = Object.entries(options).map(([name, value]) => ({ name, value: String(value) }))
    const request = encodeRequest({ opcode: OPCODE.rrq, filename: 'a', mode: 'octet', options: list })
    this.node.handleDatagram(this.now, request, 0, request.length, port, SERVER_PORT)
    return this.#take()
  }

  /** Each of these ACKs, at one instant. Returns what left, timers of this instant included. */
  ack(...blocks: number[]): string {
    for (const block of blocks) {
      writeAck(this.#packet, 0, block)
      this.node.handleDatagram(this.now, this.#packet, 0, HEADER_BYTES, CLIENT_PORT, this.#tid)
    }
    while (this.node.deadline <= this.now) this.node.handleTimer(this.now)
    return this.#take()
  }

  error(wireCode: number): string {
    const packet = encodeError(wireCode, 'no')
    this.node.handleDatagram(this.now, packet, 0, packet.length, CLIENT_PORT, this.#tid)
    return this.#take()
  }

  /** Lets time pass. */
  wait(ms: number): string {
    this.#pass(ms)
    return this.#take()
  }

  /** Lets time pass and says when each packet left, in whole milliseconds from now: `1000: 5`. */
  times(ms: number): string[] {
    const start = this.now
    this.#pass(ms)
    const lines = this.#said.map(({ at, what }) => `${Math.round(at - start)}: ${what}`)
    this.#said = []
    return lines
  }

  #pass(ms: number): void {
    const until = this.now + ms
    while (this.node.deadline <= until) {
      this.now = Math.max(this.now, this.node.deadline)
      this.node.handleTimer(this.now)
    }
    this.now = until
  }

  #take(): string {
    const line = this.#said.map(({ what }) => what).join(' ')
    this.#said = []
    return line
  }
}

/** DATA by its number; `7=6` is block 6's bytes under the number 7. */
function describe(buffer: Uint8Array, offset: number, length: number): string {
  const opcode = readOpcode(buffer, offset, length)
  if (opcode === OPCODE.data) {
    const block = readBlock(buffer, offset)
    const content = buffer[offset + HEADER_BYTES]
    return content === undefined || content === (block & 255) ? String(block) : `${block}=${content}`
  }
  if (opcode === OPCODE.error) {
    const error = parseError(buffer, offset, length)
    return error.ok ? `ERROR ${error.value.wireCode}` : 'bad ERROR'
  }
  const oack = parseOack(buffer, offset, length)
  return oack.ok ? ['OACK', ...oack.value.map((o) => `${o.name}=${o.value}`)].join(' ') : `opcode ${opcode}`
}
