import { describe, expect, test } from 'vitest'
import { OPCODE, readBlock, readOpcode } from '../packet/index.ts'
import { newCounters, type Machine, type SenderSink } from '../transfer/contract.ts'
import { uboot113 } from './client/uboot-classic.ts'
import { FAULTS } from './fault/catalogue.ts'
import { Rng } from './rng.ts'
import { ServerNode } from './server-node.ts'
import { judge, type Verdict } from './verdict.ts'
import { World } from './world.ts'

/** What Foresend must never be: two blocks out, whatever was negotiated, and ACKs read cumulatively. */
class CumulativeMachine implements Machine {
  readonly counters = newCounters()
  closed = false
  halfOpen = true
  progressAt = 0
  #base = 1
  #tries = 0
  readonly #sink: SenderSink
  readonly #blocks: number

  constructor(sink: SenderSink, sizeBytes: number) {
    this.#sink = sink
    this.#blocks = Math.floor(sizeBytes / 512) + 1
  }

  start(now: number): void {
    this.#send(now)
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number): void {
    if (readOpcode(buffer, offset, length) !== OPCODE.ack) return
    const block = readBlock(buffer, offset)
    if (block < this.#base) return
    this.halfOpen = false
    this.progressAt = now
    this.#tries = 0
    this.#base = block + 1
    if (this.#base > this.#blocks) this.#end('completed')
    else this.#send(now)
  }

  handleTimer(now: number): void {
    if (++this.#tries > 300) this.#end('failed')
    else this.#send(now)
  }

  handleUnreachable(): void {}

  abort(): void {
    this.#end('failed')
  }

  #send(now: number): void {
    this.#sink.sendBlocks(this.#base, Math.min(2, this.#blocks - this.#base + 1))
    this.#sink.deadline(now + 100)
  }

  #end(status: 'completed' | 'failed'): void {
    this.closed = true
    this.#sink.deadline(Infinity)
    this.#sink.ended({ status })
  }
}

const image = new Rng(1).fill(new Uint8Array(1_000_000))

function transfer(fault: 'none' | 'ack-loss' | 'data-loss', seed: number): Verdict {
  const world = new World()
  const client = uboot113({ sizeBytes: image.length })
  const server = new ServerNode({
    image,
    create: (_request, sink) => ({ machine: new CumulativeMachine(sink, image.length), blksize: 512, rollover: 0 }),
  })
  const { up, down } = FAULTS[fault](new Rng(seed))
  world.join(client, server, { up: { delayMs: 0.075, faults: up }, down: { delayMs: 0.075, faults: down } })
  world.run({ untilMs: 600_000, maxDatagrams: 1_000_000 })
  return judge(client.result, server.outcome, image)
}

describe('a server that reads acknowledgements cumulatively, and U-Boot 1.1.3', () => {
  test('helps where acknowledgements are lost', () => {
    for (let seed = 0; seed < 5; seed++) expect(transfer('ack-loss', seed).kind).toBe('intact')
    expect(transfer('none', 0).kind).toBe('intact')
  })

  test('ships images with holes where blocks are lost, and both sides call it a success', () => {
    // Each block goes out twice, so a hole takes two losses: 3.7 % squared of 1954 blocks, less than three to an image.
    const verdicts = Array.from({ length: 10 }, (_, seed) => transfer('data-loss', seed))
    const holes = verdicts.reduce((sum, verdict) => sum + verdict.holes.length, 0)
    expect(holes).toBeGreaterThan(13)
    expect(holes).toBeLessThan(40)
    for (const verdict of verdicts) expect(verdict.harmful).toBe(verdict.holes.length > 0)
  })
})
