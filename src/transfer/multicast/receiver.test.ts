/** Our end of a transfer to a group, packet by packet. What whole groups do is in test/sim/multicast.test.ts. */
import { describe, expect, test } from 'vitest'
import { encodeOack, encodePeerError, OPCODE, readBlock, readOpcode, writeDataHeader } from '../../packet/index.ts'
import type { Outcome } from '../contract.ts'
import { GroupReceiver, type GroupReceiverConfig } from './receiver.ts'

const SIZE = 512 * 3 + 10
const GROUP = { address: '239.255.0.1', port: 1758 }

class Hand {
  readonly said: string[] = []
  outcome: Outcome | undefined
  dueAt = Infinity
  finished: number | undefined
  readonly receiver: GroupReceiver

  constructor(more: Partial<GroupReceiverConfig> = {}) {
    const config = { group: GROUP, isMaster: true, blksize: 512, sizeBytes: SIZE, label: 'image', ...more }
    this.receiver = new GroupReceiver(config, {
      store: (seq, _buffer, _offset, length) => this.said.push(`store ${seq} of ${length}`),
      finish: (sizeBytes) => (this.finished = sizeBytes),
      sendControl: (buffer) => {
        const isError = readOpcode(buffer, 0, buffer.length) === OPCODE.error
        this.said.push(`${isError ? 'ERROR' : 'ACK'} ${readBlock(buffer, 0)}`)
      },
      deadline: (at) => (this.dueAt = at),
      ended: (outcome) => (this.outcome = outcome),
      notice: () => {},
    })
    this.receiver.start(0)
  }

  data(now: number, seq: number, bytes = seq === 4 ? 10 : 512): string[] {
    const packet = new Uint8Array(4 + bytes)
    writeDataHeader(packet, 0, seq)
    return this.#take(now, packet)
  }

  oack(now: number, value: string): string[] {
    return this.#take(now, encodeOack([{ name: 'multicast', value }]))
  }

  error(now: number): string[] {
    return this.#take(now, encodePeerError(0, 'x'))
  }

  #take(now: number, packet: Uint8Array): string[] {
    this.said.length = 0
    this.receiver.handleDatagram(now, packet, 0, packet.length)
    return [...this.said]
  }

  ring(now: number): string[] {
    this.said.length = 0
    while (this.dueAt <= now) this.receiver.handleTimer(this.dueAt)
    return [...this.said]
  }
}

describe('a client that leads', () => {
  test('asks with each ACK for the first block that it lacks', () => {
    const hand = new Hand()
    expect(hand.said).toEqual(['ACK 0'])
    expect(hand.data(1, 1)).toEqual(['store 1 of 512', 'ACK 1'])
    expect(hand.data(2, 3)).toEqual(['store 3 of 512', 'ACK 1'])
    expect(hand.data(3, 2)).toEqual(['store 2 of 512', 'ACK 3'])
    expect(hand.data(4, 4)).toEqual(['store 4 of 10'])
    expect(hand.finished).toBe(SIZE)
    hand.said.length = 0
    hand.receiver.handleStored(5)
    expect(hand.said).toEqual(['ACK 4'])
    expect(hand.outcome).toEqual({ status: 'completed' })
  })

  test('acknowledges a block again whose ACK was lost, and repeats its own ACK in silence', () => {
    const hand = new Hand()
    hand.data(1, 1)
    expect(hand.data(2, 1)).toEqual(['ACK 1'])
    expect(hand.ring(5000)).toEqual(['ACK 1', 'ACK 1'])
  })

  test('gives up after 30 s without a block', () => {
    const hand = new Hand()
    hand.data(1, 1)
    expect(hand.ring(40_000).at(-1)).toBe('ERROR 0')
    expect(hand.outcome?.error).toMatchObject({ code: 'ERR_TFTP_TIMEOUT' })
  })

  test('whom no block reached says so when the server gives up', () => {
    const hand = new Hand()
    hand.error(6000)
    expect(hand.outcome?.error?.message).toMatch(/no block came to 239\.255\.0\.1 port 1758/)
  })
})

describe('a client that listens', () => {
  const listener = () => new Hand({ isMaster: false })

  test('says nothing to blocks, and leads when it is let', () => {
    const hand = listener()
    expect(hand.data(1, 2)).toEqual(['store 2 of 512'])
    expect(hand.data(2, 4)).toEqual(['store 4 of 10'])
    expect(hand.dueAt).toBe(30_002)
    expect(hand.oack(3, ',,1')).toEqual(['ACK 0'])
    expect(hand.data(4, 1)).toEqual(['store 1 of 512', 'ACK 2'])
    expect(hand.oack(5, '239.255.0.1,1758,0')).toEqual([])
    expect(hand.data(6, 3)).toEqual(['store 3 of 512'])
  })

  test('that has everything says so, again while nobody asks, and once more when it is asked', () => {
    const hand = listener()
    for (const seq of [4, 3, 2, 1]) hand.data(seq, seq)
    hand.said.length = 0
    hand.receiver.handleStored(10)
    expect(hand.said).toEqual(['ACK 4'])
    expect(hand.ring(1200)).toEqual(['ACK 4'])
    // Blocks for others go on.
    expect(hand.data(1300, 2)).toEqual([])
    expect(hand.oack(1400, ',,1')).toEqual(['ACK 4'])
    expect(hand.ring(60_000)).toEqual([])
    expect(hand.receiver.closed).toBe(true)
  })
})

describe('blocks that make no sense', () => {
  test.each<[string, number, number, RegExp]>([
    ['longer than agreed', 1, 513, /block of 513 bytes/],
    ['short in the middle', 2, 100, /612 bytes arrived where the server announced 1546/],
    ['a last one that is too long', 4, 11, /1547 bytes arrived/],
  ])('%s ends it loudly', (_, seq, bytes, reason) => {
    const hand = new Hand()
    expect(hand.data(1, seq, bytes)).toMatchObject([expect.stringMatching(/^ERROR/)])
    expect(hand.outcome?.error?.message).toMatch(reason)
  })

  test.each([0, 5, 65_535])('number %d is passed over', (seq) => expect(new Hand().data(1, seq, 512)).toEqual([]))

  test('without a size the first short block is the last, and one behind it cannot be', () => {
    const hand = new Hand({ sizeBytes: undefined })
    hand.data(1, 3)
    hand.data(2, 2, 10)
    expect(hand.outcome?.status).toBe('failed')
    const other = new Hand({ sizeBytes: undefined })
    other.data(1, 2, 0)
    expect(other.data(2, 3)).toEqual([])
    expect(other.data(3, 1)).toEqual(['store 1 of 512'])
    expect(other.finished).toBe(512)
  })
})
