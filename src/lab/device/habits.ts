/**
 * What a client does, found by playing the server to its model packet by packet: a list that is made of this cannot say
 * something else than the model does.
 */
import {
  encodeOack,
  HEADER_BYTES,
  OPCODE,
  type Option,
  optionNumber,
  parseError,
  parseRequest,
  readBlock,
  readOpcode,
  writeDataHeader,
} from '../../packet/index.ts'
import { DEFAULT_BLKSIZE } from '../../transfer/negotiate.ts'
import type { ReceivingNode } from '../node.ts'

export interface Habits {
  /** The block that it took last, once more. */
  readonly repeat: 'acknowledged' | 'acknowledged, once for each position' | 'ignored' | 'taken for the next block'
  /** A block with one missing before it. */
  readonly ahead:
    | 'stored and acknowledged'
    | 'stored, the ACK names the gap'
    | 'dropped'
    | 'dropped, the last ACK again'
    | 'dropped, the last ACK again, once for each position'
    | 'taken for the next block'
    | `ERROR ${number}`
  /** Milliseconds from the last block to the first packet that it sends of its own accord; undefined when it never does. */
  readonly timerMs: number | undefined
  /** Each wait is longer than the one before. */
  readonly backsOff: boolean
  /** Packets that it sends of its own accord before it gives up. */
  readonly budget: number
  /** `transfer`: all timeouts of a transfer count. `row`: a block that comes renews the budget. */
  readonly budgetOf: 'transfer' | 'row'
  /** Milliseconds of silence after a block until it gives up. */
  readonly givesUpMs: number
  readonly thenRestarts: boolean
  /** Of its request, in bytes. */
  readonly requestBytes: number
  readonly asksForBlksize: boolean
}

/** Two packets of the server lie this far apart, in milliseconds: any console is done by then. */
const APART_MS = 20
/** No client waits longer without a word. */
const LONGEST_MS = 24 * 3_600_000
const MOST_REQUESTS = 3
/** A client that goes on for ever. */
const MOST_TIMEOUTS = 1000
/** As large as a client needs it to be; nothing is sent of it but a few blocks. */
const ANNOUNCED_BYTES = 1e9

/** `make` makes one client, always the same. */
export function habitsOf(make: () => ReceivingNode): Habits {
  const repeated = new Played(make(), 3)
  const ahead = new Played(make(), 3)
  const answers = [ahead.data(5), ahead.data(6), ahead.data(4)]
  const silent = new Played(make(), 3)
  const waits = silent.untilItEnds()
  const renewed = new Played(make(), 3)
  renewed.oneTimeout()
  renewed.data(4)
  return {
    repeat: repeatOf([repeated.data(3), repeated.data(3)]),
    ahead: aheadOf(answers),
    timerMs: waits[0],
    backsOff: waits.length > 1 && waits[1] > waits[0] * 1.5,
    budget: waits.length,
    budgetOf: waits.length > 0 && renewed.untilItEnds().length < waits.length ? 'transfer' : 'row',
    givesUpMs: silent.silentMs,
    thenRestarts: silent.client.result?.status === 'restarted',
    requestBytes: silent.requestBytes,
    asksForBlksize: silent.asksForBlksize,
  }
}

/** One client, and the server that is played to it. */
class Played {
  readonly client: ReceivingNode
  requestBytes = 0
  asksForBlksize = false
  /** Milliseconds from the last block to the end. */
  silentMs = Infinity
  #now = 0
  #said: string[] = []
  #port = 0
  #blksize = DEFAULT_BLKSIZE
  #options: readonly Option[] = []
  /** Its last request is not answered yet. */
  #isAsking = false

  /** Brings the client to the point where it has `blocks` blocks. */
  constructor(client: ReceivingNode, blocks: number) {
    this.client = client
    client.attach({
      send: (_now, buffer, offset, length, from) => {
        this.#port = from
        if (readOpcode(buffer, offset, length) === OPCODE.rrq) this.#asked(buffer, offset, length)
        this.#said.push(spoken(buffer, offset, length))
      },
    })
    this.#now = client.deadline
    client.handleTimer(this.#now)
    // A client that asks for the size first asks once more.
    let left = MOST_REQUESTS
    while (this.#isAsking && left-- > 0) this.#answer()
    for (let block = 1; block <= blocks; block++) this.data(block)
  }

  /** Sends a full block and returns what it says to that. */
  data(block: number): string[] {
    const packet = new Uint8Array(HEADER_BYTES + this.#blksize)
    writeDataHeader(packet, 0, block)
    return this.#hand(packet)
  }

  /** Lets its timer run out once. */
  oneTimeout(): void {
    if (this.client.deadline === Infinity) return
    this.#now = this.client.deadline
    this.client.handleTimer(this.#now)
  }

  /** Says nothing more, and returns how long it waited before each packet that it sent. */
  untilItEnds(): number[] {
    const waits: number[] = []
    const beganAt = this.#now - APART_MS
    let spokeAt = beganAt
    this.#said = []
    while (this.client.result === undefined && this.client.deadline < LONGEST_MS && waits.length < MOST_TIMEOUTS) {
      this.oneTimeout()
      if (this.#said.length > 0) {
        waits.push(this.#now - spokeAt)
        spokeAt = this.#now
      }
      this.#said = []
    }
    this.silentMs = this.client.result === undefined ? Infinity : this.#now - beganAt
    return waits
  }

  #asked(buffer: Uint8Array, offset: number, length: number): void {
    this.#isAsking = true
    this.requestBytes = length
    const request = parseRequest(buffer, offset, length)
    this.#options = request.ok ? request.value.options : []
    const blksize = optionNumber(this.#options, 'blksize', 8, 65_464)
    this.asksForBlksize = blksize !== undefined
    this.#blksize = blksize ?? DEFAULT_BLKSIZE
  }

  /** Everything is granted but a window: what it does with single blocks is asked. */
  #answer(): void {
    this.#isAsking = false
    if (this.#options.length === 0) return
    const granted = this.#options
      .filter(({ name }) => name !== 'windowsize')
      .map(({ name, value }) => ({ name, value: name === 'tsize' ? String(ANNOUNCED_BYTES) : value }))
    this.#hand(encodeOack(granted))
  }

  #hand(packet: Uint8Array): string[] {
    this.#said = []
    this.client.handleDatagram(this.#now, packet, 0, packet.length, SERVER_TID, this.#port)
    const said = this.#said
    this.#now += APART_MS
    // What waits in a queue while it prints is looked at by then.
    if (this.client.deadline <= this.#now) this.client.handleTimer(this.#now)
    return said
  }
}

const SERVER_TID = 40_000

function spoken(buffer: Uint8Array, offset: number, length: number): string {
  const opcode = readOpcode(buffer, offset, length)
  if (opcode === OPCODE.ack) return `ACK ${readBlock(buffer, offset)}`
  const error = opcode === OPCODE.error ? parseError(buffer, offset, length) : undefined
  return error?.ok === true ? `ERROR ${error.value.wireCode}` : 'request'
}

/** Blocks 1 to 3 are there; these are the answers to block 3, twice. */
function repeatOf([first, second]: readonly string[][]): Habits['repeat'] {
  if (first.includes('ACK 4')) return 'taken for the next block'
  if (!first.includes('ACK 3')) return 'ignored'
  return second.includes('ACK 3') ? 'acknowledged' : 'acknowledged, once for each position'
}

/** Blocks 1 to 3 are there; these are the answers to block 5, to block 6, and to block 4. */
function aheadOf([first, second, missing]: readonly string[][]): Habits['ahead'] {
  if (first.includes('ACK 5')) return 'stored and acknowledged'
  if (first.includes('ACK 4')) return 'taken for the next block'
  if (missing.includes('ACK 6')) return 'stored, the ACK names the gap'
  const error = first.find((text): text is `ERROR ${number}` => text.startsWith('ERROR'))
  if (error !== undefined) return error
  if (!first.includes('ACK 3')) return 'dropped'
  return second.includes('ACK 3')
    ? 'dropped, the last ACK again'
    : 'dropped, the last ACK again, once for each position'
}
