import { describe, expect, test } from 'vitest'
import {
  encodeRequest,
  HEADER_BYTES,
  OPCODE,
  type Option,
  parseError,
  parseOack,
  readBlock,
  readOpcode,
  writeDataHeader,
} from '../../packet/index.ts'
import type { StoringNode } from '../node.ts'
import { Rng } from '../rng.ts'
import { STORERS } from './catalogue.ts'
import { plainGrant, Storer, type StorerTraits } from './storer.ts'

const PLAIN: StorerTraits = {
  answersFrom: 'own-port',
  negotiate: plainGrant,
  order: 'inorder',
  repeat: 'acknowledge',
  lastAck: 'sent',
  timeoutMs: 1000,
  retries: 2,
  opensMs: 0,
  windowMs: Infinity,
  dallyMs: 3000,
}

class Hand {
  now = 0
  readonly node: StoringNode
  #tid = 0
  #said: string[] = []

  constructor(node: StoringNode) {
    this.node = node
    node.attach({
      send: (_now, buffer, offset, length, from, to) => {
        this.#tid = from
        this.#said.push(`${spoken(buffer, offset, length)} ${from}>${to}`)
      },
    })
  }

  ask(port = 2070, options: Record<string, number> = {}): string[] {
    const list: Option[] = Object.entries(options).map(([name, value]) => ({ name, value: String(value) }))
    return this.#hand(encodeRequest({ opcode: OPCODE.wrq, filename: 'a', mode: 'octet', options: list }), port, 69)
  }

  data(block: number, length = 512, port = 2070): string[] {
    const packet = new Uint8Array(HEADER_BYTES + length).fill(block)
    writeDataHeader(packet, 0, block)
    return this.#hand(packet, port, this.#tid)
  }

  wait(ms: number): string[] {
    const until = this.now + ms
    while (this.node.deadline <= until) {
      this.now = Math.max(this.now, this.node.deadline)
      this.node.handleTimer(this.now)
    }
    this.now = until
    return this.#take()
  }

  #hand(packet: Uint8Array, from: number, to: number): string[] {
    this.node.handleDatagram(this.now, packet, 0, packet.length, from, to)
    return this.#take()
  }

  #take(): string[] {
    const said = this.#said
    this.#said = []
    return said
  }
}

function spoken(buffer: Uint8Array, offset: number, length: number): string {
  const opcode = readOpcode(buffer, offset, length)
  if (opcode === OPCODE.ack) return `ack ${readBlock(buffer, offset)}`
  if (opcode === OPCODE.error) {
    const error = parseError(buffer, offset, length)
    return error.ok ? `error ${error.value.wireCode}` : 'bad error'
  }
  const oack = parseOack(buffer, offset, length)
  return oack.ok ? ['oack', ...oack.value.map(({ name, value }) => `${name}=${value}`)].join(' ') : `opcode ${opcode}`
}

const bytesOf = (node: StoringNode): number[] | undefined => node.stored && [...new Set(node.stored.bytes)]

describe('a server that stores in order', () => {
  test('acknowledges each block and a repeat, and drops what runs ahead', () => {
    const hand = new Hand(new Storer(PLAIN))
    expect(hand.ask()).toEqual(['ack 0 40000>2070'])
    expect(hand.data(2)).toEqual([])
    expect(hand.data(1)).toEqual(['ack 1 40000>2070'])
    expect(hand.data(1)).toEqual(['ack 1 40000>2070'])
    expect(hand.data(2, 10)).toEqual(['ack 2 40000>2070'])
    expect(hand.node).toMatchObject({ acknowledged: true, says: 'stored' })
    expect(bytesOf(hand.node)).toEqual([1, 2])
    expect(hand.data(2, 10)).toEqual(['ack 2 40000>2070'])
    hand.wait(3000)
    expect(hand.data(2, 10)).toEqual([])
  })

  test('repeats its last ACK by its own timer, and gives up without a file', () => {
    const hand = new Hand(new Storer(PLAIN))
    hand.ask()
    hand.data(1)
    expect(hand.wait(5000)).toEqual(['ack 1 40000>2070', 'ack 1 40000>2070'])
    expect(hand.node).toMatchObject({ stored: undefined, acknowledged: false, says: 'gave up waiting for block 2' })
  })

  test('a window: the ACK at its end, one for a gap', () => {
    const oack = { blksize: 512, windowsize: 3, oack: undefined }
    const hand = new Hand(new Storer({ ...PLAIN, negotiate: () => oack }))
    hand.ask()
    expect([1, 2, 3].flatMap((block) => hand.data(block))).toEqual(['ack 3 40000>2070'])
    expect([5, 6].flatMap((block) => hand.data(block))).toEqual(['ack 3 40000>2070'])
    expect([4, 5, 6].flatMap((block) => hand.data(block))).toEqual(['ack 6 40000>2070'])
  })
})

describe('a device in its recovery mode', () => {
  const recovery: StorerTraits = {
    ...PLAIN,
    answersFrom: 'port-69',
    order: 'any',
    repeat: 'ignore',
    lastAck: 'missing',
  }

  test('answers from port 69, stores any block where its number says, and is gone before the last ACK', () => {
    const hand = new Hand(new Storer(recovery))
    expect(hand.ask()).toEqual(['ack 0 69>2070'])
    expect(hand.data(1)).toEqual(['ack 1 69>2070'])
    expect(hand.data(1)).toEqual([])
    expect(hand.data(3)).toEqual(['ack 3 69>2070'])
    expect(hand.data(2)).toEqual(['ack 2 69>2070'])
    expect(hand.data(4, 10)).toEqual([])
    expect(hand.node).toMatchObject({ acknowledged: false, says: 'stored, and gone before the last ACK' })
    expect(bytesOf(hand.node)).toEqual([1, 2, 3, 4])
    expect(hand.data(4, 10)).toEqual([])
  })

  test('a short block ends it, whatever is missing: the image has a hole', () => {
    const hand = new Hand(new Storer(recovery))
    hand.ask()
    hand.data(1)
    hand.data(3, 10)
    expect(bytesOf(hand.node)).toEqual([1, 0, 3])
  })

  test('a request counts only within its window', () => {
    const hand = new Hand(new Storer({ ...recovery, opensMs: 1000, windowMs: 500 }))
    expect(hand.ask()).toEqual([])
    hand.wait(1600)
    expect(hand.ask()).toEqual([])
    const other = new Hand(new Storer({ ...recovery, opensMs: 1000, windowMs: 500 }))
    other.wait(1500)
    expect(other.ask()).toEqual(['ack 0 69>2070'])
  })
})

describe('the servers by name', () => {
  test.each<[string, Record<string, number>, string[]]>([
    [
      'atftpd-0.8',
      { tsize: 700, blksize: 1000, windowsize: 4 },
      ['oack tsize=700 blksize=1000 windowsize=4 40000>2070'],
    ],
    ['tftp-hpa-5.2', { tsize: 700, blksize: 1000, windowsize: 4 }, ['oack tsize=700 blksize=1000 40000>2070']],
    ['pytftpd', { tsize: 700 }, ['error 9 69>2070']],
    ['dnsmasq', {}, ['error 4 69>2070']],
    ['asus-recovery', { blksize: 1000 }, ['ack 0 69>2070']],
  ])('%s answers %o', (name, options, expected) => {
    const hand = new Hand(STORERS[name].make(new Rng(1)))
    hand.wait(5000)
    expect(hand.ask(2070, options)).toEqual(expected)
  })
})
