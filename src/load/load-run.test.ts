/** The clients, packet by packet: the test plays the server. */
import { describe, expect, test } from 'vitest'
import type { HostSender } from './hosts.ts'
import type { Native } from '../io/native/linux.ts'
import { encodeError, encodeOack, parseRequest } from '../packet/index.ts'
import { PORTS } from './clients.ts'
import type { LoadOptions } from './options.ts'
import { LoadRun } from './load-run.ts'

const CONTENT = Uint8Array.from({ length: 2000 }, (_, i) => (i * 7) & 255)
const TID = 4000

describe('get', () => {
  test('asks, acknowledges each block, and is done with the short one', () => {
    const server = new Server({})
    expect(server.sent()).toEqual(['rrq a.bin'])
    for (let block = 1; block <= 4; block++) {
      server.data(block)
      expect(server.sent()).toEqual([`ack ${block}`])
    }
    expect(server.result()).toMatchObject({ completed: 1, failed: 0, bytes: 2000, retransmitted: 0, blksize: 512 })
  })

  test('with a window: acknowledges its end, and the end of the file', () => {
    const server = new Server({ blksize: 100, windowsize: 8 })
    expect(server.sent()).toEqual(['rrq a.bin blksize 100 windowsize 8'])
    server.oack(100, 8)
    expect(server.sent()).toEqual(['ack 0'])
    for (let block = 1; block <= 21; block++) server.data(block)
    expect(server.sent()).toEqual(['ack 8', 'ack 16', 'ack 21'])
    expect(server.result()).toMatchObject({ completed: 1, blksize: 100, windowsize: 8 })
  })

  test('reports a gap once, and again when the blocks beyond it come anew', () => {
    const server = new Server({ blksize: 100, windowsize: 8 })
    server.oack(100, 8)
    server.data(1)
    server.sent()
    for (const block of [3, 4, 5]) server.data(block)
    expect(server.sent()).toEqual(['ack 1'])
    for (const block of [3, 4]) server.data(block)
    expect(server.sent()).toEqual(['ack 1'])
    for (let block = 2; block <= 9; block++) server.data(block)
    expect(server.sent()).toEqual(['ack 9'])
  })

  test('answers a repeated block, and after the end the repeated last one, from the port of that transfer', () => {
    const server = new Server({ transfers: 2 })
    server.data(1)
    server.data(1)
    expect(server.sent()).toEqual(['rrq a.bin', 'ack 1', 'ack 1'])
    for (let block = 2; block <= 4; block++) server.data(block)
    server.sent()
    server.data(4, { port: 1 })
    expect(server.log.map(({ port, text }) => `${port}: ${text}`)).toEqual(['1: ack 4'])
  })

  test('a late block of an earlier transfer from the same port is not taken for the first of the next', () => {
    const server = new Server({ transfers: PORTS + 1, blksize: 1000, windowsize: 4 })
    const file = (port: number): void => {
      server.packet(encodeOack([{ name: 'blksize', value: '1000' }]), { port })
      for (let block = 1; block <= 3; block++) server.packet(server.block(block, 1000), { port })
    }
    // The first port that is used is 1; it comes round again.
    for (let i = 1; i <= PORTS; i++) file(i % PORTS)
    server.sent()
    server.packet(server.block(1, 1000))
    expect(server.sent()).toEqual([])
    file(1)
    expect(server.result()).toMatchObject({ completed: PORTS + 1, failed: 0 })
  })

  test('repeats its request, then its ACK, at its own timer; gives up after eight repeats', () => {
    const server = new Server({ timeoutMs: 100 })
    server.sent()
    server.run.timer(99)
    expect(server.sent()).toEqual([])
    server.run.timer(100)
    expect(server.sent()).toEqual(['rrq a.bin'])
    server.run.now = 150
    server.data(1)
    server.sent()
    for (let i = 1; i <= 8; i++) {
      server.run.timer(150 + i * 100)
      expect(server.sent()).toEqual(['ack 1'])
    }
    server.run.timer(1050)
    expect(server.result().faults).toEqual(['127.16.0.1, transfer 0: silence after block 1, asked 9 times'])
  })

  test('locks on the port that answered first and tells another so', () => {
    const server = new Server({})
    server.data(1)
    server.sent()
    server.data(1, { from: TID + 1 })
    expect(server.log).toEqual([{ host: 1, port: 1, to: TID + 1, text: 'error 5' }])
    server.sent()
    server.data(2)
    expect(server.sent()).toEqual(['ack 2'])
  })

  test.each([
    ['a changed byte', (packet: Uint8Array) => (packet[4 + 77] ^= 1), /damaged: block 2/],
    ['another block number in a right place', (packet: Uint8Array) => (packet[0] = 1), /not done/],
  ])('%s is found', (_, damage, fault) => {
    const server = new Server({})
    server.data(1)
    const packet = server.block(2)
    damage(packet)
    server.packet(packet)
    server.run.endOfBatch()
    if (!server.run.isDone) server.run.giveUp(1, 'not done within 1 s')
    expect(server.result()).toMatchObject({ completed: 0, failed: 1, faults: [expect.stringMatching(fault)] })
  })

  test.each([
    ['too short', CONTENT.subarray(0, 1000), /1000 bytes came instead of 2000/],
    ['too long', Uint8Array.from([...CONTENT, ...CONTENT]), /differs|block 5 came/],
  ])('a file that is %s fails', (_, content, fault) => {
    const server = new Server({}, content)
    for (let block = 1; block <= 5 && !server.run.isDone; block++) server.data(block)
    expect(server.result()).toMatchObject({ completed: 0, failed: 1, faults: [expect.stringMatching(fault)] })
  })

  test('blocks that lie side by side in the buffer are compared together, and a damaged one among them is found', () => {
    const server = new Server({ blksize: 100, windowsize: 8 })
    server.oack(100, 8)
    const window = Buffer.concat([1, 2, 3, 4].map((block) => server.block(block, 100)))
    window[104 * 2 + 50] ^= 1
    for (let i = 0; i < 4; i++) server.run.received(1, server.ports[1], TID, window, i * 104, 104)
    server.run.endOfBatch()
    expect(server.result().faults).toEqual([expect.stringMatching(/damaged/)])
  })

  test('an ERROR is the end, in its words, escaped', () => {
    const server = new Server({})
    server.packet(encodeError(1, 'no \u0007such file'))
    expect(server.result().faults).toEqual([expect.stringMatching(/^127\.16\.0\.1, transfer 0: ERROR 1 "no \\x07such/)])
  })

  test('each client does one transfer after the other, from another port, until all are done', () => {
    const server = new Server({ clients: 2, transfers: 5 })
    const ports: number[][] = [[], [], []]
    while (server.log.length > 0) {
      const { host, port, text } = server.log.shift() as Sent
      if (!text.startsWith('rrq')) continue
      ports[host].push(port)
      for (let block = 1; block <= 4; block++) server.data(block, { host, port })
    }
    expect(ports).toEqual([[], [1, 2, 3], [1, 2]])
    expect(server.result()).toMatchObject({ completed: 5, transfers: 5 })
  })

  test('what was yet to be compared when a client vanished is not laid to the next one', () => {
    const server = new Server({ vanishPercent: 100, transfers: 2, blksize: 100, windowsize: 8, seed: 1 })
    server.oack(100, 8)
    const window = Buffer.concat([1, 2, 3, 4, 5, 6, 7, 8].map((block) => server.block(block, 100)))
    for (let i = 0; i < 8; i++) server.run.received(1, server.ports[1], TID, window, i * 104, 104)
    server.run.endOfBatch()
    expect(server.sent().at(-1)).toMatch(/^rrq/)
    expect(server.result()).toMatchObject({ vanished: 1, faults: [] })
  })

  test('one that vanishes says nothing more, and another host comes in its place', () => {
    const server = new Server({ vanishPercent: 100, transfers: 2 })
    server.data(1)
    for (let block = 2; block <= 4; block++) server.data(block)
    const hosts = server.log.filter(({ text }) => text.startsWith('rrq')).map(({ host }) => host)
    expect(hosts).toEqual([1, 2])
  })
})

describe('put', () => {
  test('numbers its files and sends each window from memory', () => {
    const server = new Server({ direction: 'put', blksize: 100, windowsize: 8, transfers: 2 })
    expect(server.sent()).toEqual(['wrq a.bin-0 blksize 100 windowsize 8'])
    server.oack(100, 8)
    expect(server.sent()).toEqual(['blocks 1 to 8'])
    server.ack(8)
    server.ack(16)
    server.ack(21)
    expect(server.sent()).toEqual(['blocks 9 to 16', 'blocks 17 to 21', 'wrq a.bin-1 blksize 100 windowsize 8'])
  })

  test('goes back to the block after a gap, and not for each ACK of the same', () => {
    const server = new Server({ direction: 'put', blksize: 100, windowsize: 8 })
    server.oack(100, 8)
    server.ack(3)
    server.ack(3)
    server.ack(3)
    expect(server.sent().slice(1)).toEqual(['blocks 1 to 8', 'blocks 4 to 11'])
    server.run.now = 20
    server.ack(3)
    expect(server.sent()).toEqual(['blocks 4 to 11'])
    expect(server.result().retransmitted).toBe(5 + 8)
  })

  test('one block at a time: a repeated ACK sends nothing (Sorcerer’s Apprentice), the timer does', () => {
    const server = new Server({ direction: 'put', timeoutMs: 100 })
    server.ack(0)
    server.ack(1)
    server.ack(1)
    expect(server.sent()).toEqual(['wrq a.bin', 'blocks 1 to 1', 'blocks 2 to 2'])
    server.run.timer(100)
    expect(server.sent()).toEqual(['blocks 2 to 2'])
  })

  test('a file of whole blocks ends with an empty one', () => {
    const server = new Server({ direction: 'put', windowsize: 8 }, CONTENT.subarray(0, 1024))
    server.oack(512, 8)
    server.ack(3)
    expect(server.sent()[1]).toBe('blocks 1 to 3')
    expect(server.result()).toMatchObject({ completed: 1, bytes: 1024 })
  })
})

test('loss drops as many as asked, each way, and the same with each seed', () => {
  const run = (): number[] => {
    const server = new Server({ lossPercent: 30, timeoutMs: 1, seed: 5, transfers: 200 })
    let sent = 0
    for (let now = 2; !server.run.isDone; now += 2, sent++) {
      const { done, port } = server.run.clients
      server.data(done[0] + 1, { port: port[0] })
      server.run.timer(now)
    }
    const { datagramsIn, datagramsOut, completed } = server.result()
    expect(datagramsOut).toBe(server.log.length)
    return [completed, sent, datagramsIn]
  }
  const [completed, sent, received] = run()
  expect(completed).toBe(200)
  expect(received / sent).toBeGreaterThan(0.65)
  expect(received / sent).toBeLessThan(0.75)
  expect(run()).toEqual(run())
})

interface Sent {
  readonly host: number
  readonly port: number
  readonly to: number
  readonly text: string
}

/** The other end, and the ports. */
class Server {
  readonly log: Sent[] = []
  readonly run: LoadRun
  readonly ports: HostSender[]
  readonly #content: Uint8Array

  constructor(options: Partial<LoadOptions>, content: Uint8Array = CONTENT) {
    this.#content = content
    this.ports = Array.from({ length: PORTS }, (_, index) => ({
      index,
      live: 0,
      sendErrors: 0,
      send: (host, to, data, length) => this.log.push({ host, port: index, to, text: named(data.subarray(0, length)) }),
      sendAll: (host, to, address, bytes, segment) => {
        const first = address / segment + 1
        this.log.push({
          host,
          port: index,
          to,
          text: `blocks ${first} to ${first + Math.max(1, Math.ceil(bytes / segment)) - 1}`,
        })
      },
    }))
    const all: LoadOptions = {
      host: '127.0.0.1',
      port: 69,
      file: 'a.bin',
      direction: 'get',
      clients: 1,
      transfers: 1,
      blksize: 512,
      windowsize: 1,
      timeoutMs: 1000,
      lossPercent: 0,
      vanishPercent: 0,
      seed: 1,
      content: options.direction === 'put' ? content : CONTENT,
      limitMs: 1000,
      ...options,
    }
    const native = { address: () => 0n } as unknown as Native
    this.run = new LoadRun(all, native, this.ports, 1000)
    this.run.start(0)
  }

  /** What was sent since the last time. */
  sent(): string[] {
    return this.log.splice(0).map(({ text }) => text)
  }

  result(): ReturnType<LoadRun['result']> {
    return this.run.result({ user: 0, system: 0 })
  }

  packet(packet: Uint8Array, at: { host?: number; port?: number; from?: number } = {}): void {
    const { host = 1, port = 1, from = TID } = at
    this.run.received(host, this.ports[port], from, packet, 0, packet.length)
  }

  block(block: number, blksize = 512): Uint8Array {
    const payload = this.#content.subarray((block - 1) * blksize, block * blksize)
    return Buffer.concat([Buffer.from([0, 3, block >> 8, block & 255]), payload])
  }

  data(block: number, at: { host?: number; port?: number; from?: number } = {}): void {
    const { blksize, windowsize } = this.run.clients
    this.packet(this.block(block, windowsize[0] > 1 ? blksize[0] : 512), at)
    this.run.endOfBatch()
  }

  ack(block: number): void {
    this.packet(Uint8Array.from([0, 4, block >> 8, block & 255]))
  }

  oack(blksize: number, windowsize: number): void {
    const options = [{ name: 'windowsize', value: String(windowsize) }]
    if (blksize !== 512) options.unshift({ name: 'blksize', value: String(blksize) })
    this.packet(encodeOack(options))
  }
}

function named(packet: Uint8Array): string {
  if (packet[1] === 4) return `ack ${(packet[2] << 8) | packet[3]}`
  if (packet[1] === 5) return `error ${packet[3]}`
  const parsed = parseRequest(packet, 0, packet.length)
  if (!parsed.ok) return 'nonsense'
  const { opcode, filename, options } = parsed.value
  return [opcode === 1 ? 'rrq' : 'wrq', filename, ...options.map(({ name, value }) => `${name} ${value}`)].join(' ')
}
