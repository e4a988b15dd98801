import { describe, expect, test } from 'vitest'
import {
  encodeError,
  encodeRequest,
  HEADER_BYTES,
  OPCODE,
  parseError,
  parseOack,
  readBlock,
  readOpcode,
  type Request,
  writeAck,
  writeDataHeader,
} from '../packet/index.ts'
import { DeviceMemory } from '../profile/memory.ts'
import { bootDevice } from './device/device.ts'
import { DEVICES } from './device/catalogue.ts'
import { EndpointNode, type EndpointNodeConfig } from './endpoint-node.ts'
import { patternedImage, runExperiment } from './experiment.ts'

const image = patternedImage(100_000, 1)

/** Plays the peer by hand: what the node says is a line such as `data 1 40000>2070`. */
class Hand {
  now = 0
  readonly node: EndpointNode
  #said: string[] = []

  constructor(config: Partial<EndpointNodeConfig> = {}) {
    this.node = new EndpointNode({ image, policy: { window: 'auto' }, ...config })
    this.node.attach({
      send: (_now, buffer, offset, length, from, to) => {
        this.#said.push(`${described(buffer, offset, length)} ${from}>${to}`)
      },
    })
  }

  ask(options: Record<string, number> = {}, port = 2070, more: Partial<Request> = {}): string[] {
    const list = Object.entries(options).map(([name, value]) => ({ name, value: String(value) }))
    const request = { opcode: OPCODE.rrq, filename: 'a', mode: 'octet', options: list, ...more } as const
    return this.#hand(encodeRequest(request), port, 69)
  }

  ack(block: number, tid = 40_000, port = 2070): string[] {
    const packet = new Uint8Array(HEADER_BYTES)
    writeAck(packet, 0, block)
    return this.#hand(packet, port, tid)
  }

  data(block: number, text: string, tid = 40_000, port = 2070): string[] {
    const packet = new Uint8Array(HEADER_BYTES + text.length)
    writeDataHeader(packet, 0, block)
    packet.set(new TextEncoder().encode(text), HEADER_BYTES)
    return this.#hand(packet, port, tid)
  }

  error(tid = 40_000): string[] {
    return this.#hand(encodeError(0, 'no'), 2070, tid)
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

function described(buffer: Uint8Array, offset: number, length: number): string {
  const opcode = readOpcode(buffer, offset, length)
  if (opcode === OPCODE.data) return `data ${readBlock(buffer, offset)}`
  if (opcode === OPCODE.ack) return `ack ${readBlock(buffer, offset)}`
  if (opcode === OPCODE.error) {
    const error = parseError(buffer, offset, length)
    return error.ok ? `error ${error.value.wireCode}` : 'bad error'
  }
  const oack = parseOack(buffer, offset, length)
  return oack.ok ? ['oack', ...oack.value.map(({ name, value }) => `${name}=${value}`)].join(' ') : `opcode ${opcode}`
}

describe('the limits of serve', () => {
  test('a window of 65535 blocks becomes 1024, and fewer where they are large', () => {
    expect(new Hand().ask({ windowsize: 65_535 })).toEqual(['oack windowsize=1024 40000>2070'])
    expect(new Hand().ask({ blksize: 65_464, windowsize: 64 })).toEqual(['oack blksize=65464 windowsize=8 40000>2070'])
  })

  test('an upload is refused unless the server is writable', () => {
    expect(new Hand().ask({}, 2070, { opcode: OPCODE.wrq })).toEqual(['error 2 69>2070'])
  })
})

describe('requests are judged by the endpoint', () => {
  test('a repeat before the first ACK starts nothing', () => {
    const hand = new Hand()
    expect(hand.ask()).toEqual(['data 1 40000>2070'])
    expect(hand.ask()).toEqual([])
    expect(hand.node.started).toBe(1)
  })

  test('the request of a device that was restarted replaces the transfer, and its old port gets ERROR 5', () => {
    const hand = new Hand()
    hand.ask()
    expect(hand.ack(1)).toEqual(['data 2 40000>2070'])
    hand.wait(4000)
    expect(hand.ask()).toEqual(['data 1 40001>2070'])
    expect(hand.node.outcome).toMatchObject({ status: 'failed' })
    expect(hand.ack(2)).toEqual(['error 5 40000>2070'])
  })

  test('of two beside each other the one whose peer spoke last counts', () => {
    const hand = new Hand()
    hand.ask()
    hand.ack(1)
    hand.now = 100
    hand.ask({}, 2071)
    hand.ack(1, 40_001, 2071)
    hand.now = 101
    hand.node.handleDatagram(101, encodeError(0, 'no'), 0, 7, 2071, 40_001)
    expect(hand.node.outcome?.error?.message).toContain('2071')
    hand.error()
    expect(hand.node.outcome?.error?.message).toContain('2070')
    expect(hand.node.started).toBe(2)
  })
})

test('what one node learnt another one knows from its first block', () => {
  const memory = new DeviceMemory()
  const boot = (seed: number) => {
    const booted = bootDevice(DEVICES['archer-c2-faulty'], { seed, sizeBytes: 2_000_000 })
    const wanted = patternedImage(2_000_000, 1)
    const server = new EndpointNode({ image: wanted, policy: { window: 'auto' }, memory })
    const limits = { untilMs: 600_000, maxDatagrams: 1_000_000 }
    const { verdict } = runExperiment({ ...booted, server, image: wanted, limits })
    return { verdict: verdict.kind, learnt: server.learnt }
  }
  expect(boot(1).verdict).toBe('intact')
  const [known] = memory.all()
  expect(known).toMatchObject({ count: 1, learnt: { window: { windowBlocks: expect.any(Number) } } })
  const { learnt } = boot(2)
  expect(memory.all()).toHaveLength(1)
  // What the second boot says of the device follows from what the first one learnt, or corrects it.
  expect(memory.all()[0]).toMatchObject({ learnt })
  expect(memory.all()[0].time).toBeGreaterThan(known.time)
})

test('what is presumed of a device holds from the first block on, and is not remembered', () => {
  const memory = new DeviceMemory()
  const hand = new Hand({ memory, presumed: { window: { windowBlocks: 3, gapMs: 0 } } })
  hand.ask()
  // Lock-step would send one.
  expect(hand.ack(1).length).toBeGreaterThan(1)
  expect(memory.all()).toEqual([])
})

describe('uploads', () => {
  const upload = { opcode: OPCODE.wrq } as const

  test('the last ACK leaves when the bytes are safe, and a repeated request starts no second upload meanwhile', () => {
    const hand = new Hand({ writable: true, flushMs: 50 })
    expect(hand.ask({}, 2070, upload)).toEqual(['ack 0 40000>2070'])
    expect(hand.data(1, 'hello')).toEqual([])
    expect(hand.node.stored).toBeUndefined()
    expect(hand.ask({}, 2070, upload)).toEqual([])
    expect(hand.wait(50)).toEqual(['ack 1 40000>2070'])
    expect(new TextDecoder().decode(hand.node.stored?.bytes)).toBe('hello')
    expect(hand.node.started).toBe(1)
  })

  test('netascii is stored as it is locally, also where a pair is torn', () => {
    const hand = new Hand({ writable: true })
    hand.ask({}, 2070, { ...upload, mode: 'netascii' })
    hand.data(1, `${'x'.repeat(511)}\r`)
    hand.data(2, '\nb\r\0c\r')
    expect(new TextDecoder().decode(hand.node.stored?.bytes)).toBe(`${'x'.repeat(511)}\nb\rc\r`)
  })

  test('a file that is there stays, and one upload at a time', () => {
    const hand = new Hand({ writable: true, flushMs: 50 })
    hand.ask({}, 2070, upload)
    // Nothing has come for the first yet: the second may be its own client (rule R1).
    expect(hand.ask({}, 2071, upload)).toEqual([])
    hand.data(1, 'one')
    expect(hand.ask({}, 2072, upload)).toEqual(['error 2 40001>2072'])
    hand.wait(50)
    expect(hand.ask({}, 2073, upload)).toEqual(['error 6 40002>2073'])
    expect(new TextDecoder().decode(hand.node.stored?.bytes)).toBe('one')
  })
})
