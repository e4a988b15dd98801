import { describe, expect, test } from 'vitest'
import type { ForesendError } from '../error.ts'
import { encodeRequest, OPCODE, optionNumber, type Request, readBlock, readOpcode, writeAck } from '../packet/index.ts'
import { newCounters, type Machine, type SenderSink } from '../transfer/contract.ts'
import { strictClient } from './client/strict.ts'
import { uboot113 } from './client/uboot-classic.ts'
import { loss } from './fault/loss.ts'
import { Rng } from './rng.ts'
import { ServerNode } from './server-node.ts'
import { judge } from './verdict.ts'
import { World } from './world.ts'

/** The plainest sender there is: one block, a fixed timer, no options. */
class LockstepMachine implements Machine {
  readonly counters = newCounters()
  closed = false
  halfOpen = true
  progressAt: number
  #seq = 1
  #tries = 0
  readonly #sink: SenderSink
  readonly #blocks: number

  constructor(sink: SenderSink, sizeBytes: number, now: number) {
    this.#sink = sink
    this.#blocks = Math.floor(sizeBytes / 512) + 1
    this.progressAt = now
  }

  start(now: number): void {
    this.#send(now)
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number): void {
    if (readOpcode(buffer, offset, length) !== OPCODE.ack || readBlock(buffer, offset) !== (this.#seq & 0xffff)) return
    this.halfOpen = false
    this.progressAt = now
    this.#tries = 0
    if (this.#seq++ === this.#blocks) this.#end('completed')
    else this.#send(now)
  }

  handleTimer(now: number): void {
    if (++this.#tries > 30) this.#end('failed')
    else this.#send(now)
  }

  handleUnreachable(): void {}

  abort(_now: number, _error: ForesendError): void {
    this.#end('failed')
  }

  #send(now: number): void {
    this.#sink.sendBlocks(this.#seq, 1)
    this.#sink.deadline(now + 100)
  }

  #end(status: 'completed' | 'failed'): void {
    this.closed = true
    this.#sink.deadline(Infinity)
    this.#sink.ended({ status })
  }
}

const limits = { untilMs: 120_000, maxDatagrams: 200_000 }

function serve(image: Uint8Array, requests: Request[] = []): ServerNode {
  return new ServerNode({
    image,
    create: (request, sink, now) => {
      requests.push(request)
      return { machine: new LockstepMachine(sink, image.length, now), blksize: 512, rollover: 0 }
    },
  })
}

describe('server node', () => {
  test.each([0, 1, 511, 512, 513, 51_200])('a clean link carries %i bytes, each block once', (size) => {
    const image = new Rng(size).fill(new Uint8Array(size))
    const world = new World()
    const client = strictClient({ sizeBytes: size })
    const server = serve(image)
    world.join(client, server, { up: { delayMs: 0.1 }, down: { delayMs: 0.1 } })
    expect(world.run(limits)).toBe('idle')
    expect(judge(client.result, server.outcome, image).kind).toBe('intact')
    expect(server.dataSent).toBe(Math.floor(size / 512) + 1)
    expect(world.now).toBeCloseTo((Math.floor(size / 512) + 1) * 0.2 + 0.1, 6)
  })

  test('lock-step and U-Boot 1.1.3: the eleventh lost ACK ends the transfer', () => {
    const size = 7_750 * 1024
    const image = new Rng(3).fill(new Uint8Array(size))
    const died: number[] = []
    for (let seed = 0; seed < 30; seed++) {
      const world = new World()
      const client = uboot113({ sizeBytes: size })
      const server = serve(image)
      world.join(client, server, {
        up: { delayMs: 0.075, faults: [loss({ p: 0.037 }, new Rng(seed))] },
        down: { delayMs: 0.075 },
      })
      world.run({ untilMs: 600_000, maxDatagrams: 1_000_000 })
      expect(judge(client.result, server.outcome, image).kind).toBe('both-know-it-failed')
      died.push(client.result!.bytes / 512)
    }
    died.sort((a, b) => a - b)
    expect(died[15]).toBeGreaterThan(200)
    expect(died[15]).toBeLessThan(400)
  })

  test('the same seed gives the same run', () => {
    const image = new Rng(4).fill(new Uint8Array(100_000))
    const runs = [5, 5, 6].map((seed) => {
      const world = new World()
      const client = strictClient({ sizeBytes: image.length, timeoutMs: 1000 })
      const server = serve(image)
      const rng = new Rng(seed)
      world.join(client, server, {
        up: { delayMs: 0.1, jitterMs: 0.3, rng: rng.fork('up jitter'), faults: [loss({ p: 0.05 }, rng.fork('up'))] },
        down: {
          delayMs: 0.1,
          jitterMs: 0.3,
          rng: rng.fork('down jitter'),
          faults: [loss({ p: 0.05 }, rng.fork('down'))],
        },
      })
      world.run(limits)
      return [world.now, world.delivered, server.dataSent, client.result?.acksSent]
    })
    expect(runs[0]).toEqual(runs[1])
    expect(runs[0]).not.toEqual(runs[2])
  })

  test('the request arrives as the client wrote it', () => {
    const requests: Request[] = []
    const world = new World()
    const client = uboot113({ sizeBytes: 100, filename: 'test.bin' })
    world.join(client, serve(new Uint8Array(100), requests))
    world.run(limits)
    expect(requests).toHaveLength(1)
    expect(requests[0]!.filename).toBe('test.bin')
    expect(optionNumber(requests[0]!.options, 'timeout', 1, 255)).toBe(1)
  })
})

describe('server node, repeated requests', () => {
  const request = encodeRequest({ opcode: OPCODE.rrq, filename: 'a', mode: 'octet', options: [] })
  const setUp = () => {
    const sent: string[] = []
    const server = serve(new Uint8Array(5000))
    server.attach({
      send: (_now, buffer, _offset, _length, from, to) => {
        sent.push(`${readBlock(buffer, 0)} ${from}>${to}`)
      },
    })
    const ack = new Uint8Array(4)
    return {
      sent,
      server,
      ask: (now: number, port: number) => server.handleDatagram(now, request, 0, request.length, port, 69),
      acknowledge: (now: number, block: number, port: number, tid: number) => {
        writeAck(ack, 0, block)
        server.handleDatagram(now, ack, 0, 4, port, tid)
      },
    }
  }

  test('before the first ACK it starts nothing new', () => {
    const { server, sent, ask } = setUp()
    for (const now of [0, 10, 600, 5000]) ask(now, 2000)
    expect(sent).toEqual(['1 40000>2000'])
    expect(server.started).toBe(1)
  })

  test('with the last ACK 500 ms ago it replaces the transfer', () => {
    const { server, sent, ask, acknowledge } = setUp()
    ask(0, 2000)
    acknowledge(1, 1, 2000, 40_000)
    ask(500, 2000)
    expect(server.started).toBe(1)
    ask(501, 2000)
    expect(sent).toEqual(['1 40000>2000', '2 40000>2000', '1 40001>2000'])
    expect(server.outcomes).toEqual([{ status: 'failed' }])
    acknowledge(502, 2, 2000, 40_000)
    expect(sent).toHaveLength(3)
  })

  test('from another port it starts a transfer beside the first, and ends one that is stuck', () => {
    const { server, ask, acknowledge } = setUp()
    ask(0, 2000)
    acknowledge(1, 1, 2000, 40_000)
    ask(100, 2001)
    expect(server.started).toBe(2)
    expect(server.outcomes).toHaveLength(0)
    acknowledge(700, 1, 2001, 40_001)
    ask(800, 2002)
    expect(server.started).toBe(3)
    expect(server.outcomes).toHaveLength(1)
  })

  test('the wrong port does no harm', () => {
    const { sent, ask, acknowledge } = setUp()
    ask(0, 2000)
    acknowledge(1, 1, 2001, 40_000)
    acknowledge(1, 1, 2000, 40_001)
    expect(sent).toHaveLength(1)
  })

  test('a machine that sends a block that does not exist is a bug, said at once', () => {
    const short = new ServerNode({
      image: new Uint8Array(512),
      create: (_request, sink, now) => ({
        machine: new LockstepMachine(sink, 100_000, now),
        blksize: 512,
        rollover: 0,
      }),
    })
    short.attach({ send: () => {} })
    short.handleDatagram(0, request, 0, request.length, 2000, 69)
    const ack = new Uint8Array(4)
    writeAck(ack, 0, 1)
    short.handleDatagram(1, ack, 0, 4, 2000, 40_000)
    writeAck(ack, 0, 2)
    expect(() => short.handleDatagram(1, ack, 0, 4, 2000, 40_000)).toThrow('block 3')
  })
})
