/**
 * A mirror of both directions of a port shows each frame twice. Where all packets of a host have the same identification (IPv6, and Linux without a connected socket), the second
 * ones counted as packets: healthy transfers had packets that were "delivered twice", reordered, or a link that sleeps.
 */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { lines, Scene, type SendOptions } from '../golden/capture-scene.ts'

const BLOCKS = 40

/** What is sent `twice` comes again after some microseconds. */
class Mirrored extends Scene {
  readonly #twice: readonly ('client' | 'server')[]
  readonly #copyMs: number

  constructor(twice: readonly ('client' | 'server')[], copyMs = 0.004, defaults: SendOptions = { id: 0 }) {
    super(defaults)
    this.#twice = twice
    this.#copyMs = copyMs
  }

  override client(payload: Uint8Array, options: SendOptions = {}): this {
    super.client(payload, options)
    return this.#twice.includes('client') ? super.client(payload, { ...options, afterMs: this.#copyMs }) : this
  }

  override server(payload: Uint8Array, options: SendOptions = {}): this {
    super.server(payload, options)
    return this.#twice.includes('server') ? super.server(payload, { ...options, afterMs: this.#copyMs }) : this
  }
}

function transferOf(scene: Scene, windowsize = 1): Scene {
  scene.ask(packet.rrq('image.bin', 'windowsize', String(windowsize)))
  scene.server(packet.oack('windowsize', String(windowsize))).client(packet.ack(0), { afterMs: 0.5 })
  return blocksOf(scene, 1, windowsize)
}

function blocksOf(scene: Scene, from: number, windowsize = 1): Scene {
  for (let seq = from; seq <= BLOCKS; seq++) {
    scene.server(packet.data(seq, seq === BLOCKS ? 100 : 512), { afterMs: 0.05 })
    if (seq % windowsize === 0 || seq === BLOCKS) scene.client(packet.ack(seq), { afterMs: 0.5 })
  }
  return scene
}

const HOSTS = {
  IPv4: { id: 0 },
  IPv6: {
    client: { address: 'fd00::1', mac: '02:00:00:00:00:01' },
    server: { address: 'fd00::2', mac: '02:00:00:00:00:02' },
  },
} as const

describe.each(['IPv4', 'IPv6'] as const)('%s', (version) => {
  test.each([['both'], ['client'], ['server']] as const)('%s', (side) => {
    const sides = side === 'both' ? (['client', 'server'] as const) : [side]
    const transfer = transferOf(new Mirrored(sides, 0.004, HOSTS[version])).one()
    const { blocks, request, takenTwice } = transfer
    expect({ takenTwice, datagrams: blocks.datagrams, acks: blocks.acks }).toEqual({
      takenTwice: side,
      datagrams: BLOCKS,
      acks: BLOCKS + 1,
    })
    expect([request?.count, request?.sent.length]).toEqual([1, 1])
    expect(diagnose(transfer)).toMatchObject({ outcome: 'complete', causes: [], holes: { count: 0 } })
    expect(diagnose(transfer).limits.join()).toMatch(/twice within microseconds/)
    expect(lines(transfer).filter((line) => line.endsWith('repeat'))).toEqual([])
  })
})

test('windows, and a capture that begins late', () => {
  expect(diagnose(transferOf(new Mirrored(['client', 'server']), 8).one())).toMatchObject({ causes: [] })
  expect(diagnose(blocksOf(new Mirrored(['client', 'server']), 7).one())).toMatchObject({
    outcome: 'complete',
    causes: [],
  })
})

test.each([['client'], ['server'], ['both']] as const)('a file of one block, %s', (side) => {
  const scene = new Mirrored(side === 'both' ? ['client', 'server'] : [side])
  scene
    .ask(packet.rrq('f', 'tsize', '0'))
    .server(packet.oack('tsize', '9'))
    .client(packet.ack(0), { afterMs: 0.5 })
  const transfer = scene.server(packet.data(1, 9)).client(packet.ack(1), { afterMs: 0.5 }).one()
  expect(transfer.takenTwice).toBe(side)
  expect(diagnose(transfer)).toMatchObject({ outcome: 'complete', causes: [] })
})

test('a repeat is one, and shows twice as well', () => {
  const scene = transferOf(new Mirrored(['client', 'server']))
  scene.server(packet.data(BLOCKS, 100), { afterMs: 1000 }).client(packet.ack(BLOCKS), { afterMs: 0.5 })
  const { blocks, packets } = scene.one()
  expect([blocks.datagrams, blocks.acks]).toEqual([BLOCKS + 1, BLOCKS + 2])
  expect(lines({ packets } as never).filter((line) => line.includes('repeat'))).toHaveLength(2)
})

describe('what no mirror does', () => {
  test('a server that answers each copy with one doubles from some packet on', () => {
    const scene = new Scene({ id: 0 }).ask(packet.rrq('image.bin'))
    scene.server(packet.data(1, 512)).client(packet.ack(1), { afterMs: 0.5 })
    for (let seq = 2; seq <= BLOCKS; seq++)
      for (const send of ['server', 'client'] as const)
        for (const afterMs of [0.5, 0.004])
          scene[send](send === 'server' ? packet.data(seq, seq === BLOCKS ? 9 : 512) : packet.ack(seq), { afterMs })
    const transfer = scene.one()
    expect(transfer.takenTwice).toBeUndefined()
    expect(transfer.blocks.datagrams).toBe(2 * BLOCKS - 1)
  })

  test.each(['client', 'server'] as const)('the numbers of the %s tell that it sends twice', (numbered) => {
    const scene = new Scene()
    const ids = (side: 'client' | 'server') => (side === numbered ? {} : { id: 0 })
    for (let seq = 1; seq <= BLOCKS; seq++)
      for (const send of ['server', 'client'] as const)
        for (const afterMs of [0.5, 0.004])
          scene[send](send === 'server' ? packet.data(seq, seq === BLOCKS ? 9 : 512) : packet.ack(seq), {
            afterMs,
            ...ids(send),
          })
    expect(scene.one()).toMatchObject({ takenTwice: undefined, blocks: { datagrams: 2 * BLOCKS } })
  })

  test('some packets twice are packets', () => {
    const scene = new Scene({ id: 0 }).ask(packet.rrq('image.bin'))
    for (let seq = 1; seq <= BLOCKS; seq++) {
      scene.server(packet.data(seq, seq === BLOCKS ? 100 : 512)).client(packet.ack(seq), { afterMs: 0.5 })
      if (seq % 2 === 1) scene.client(packet.ack(seq), { afterMs: 0.004 })
    }
    expect(scene.one()).toMatchObject({ takenTwice: undefined, blocks: { acks: 1.5 * BLOCKS } })
  })
})
