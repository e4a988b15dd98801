import { describe, expect, test } from 'vitest'
import { join, packet } from '../../../test/golden/capture-maker.ts'
import { blocks, lines, Scene } from '../../../test/golden/capture-scene.ts'

const { rrq, data, ack, oack } = packet
const UBOOT = rrq('test.bin', 'timeout', '1')

describe('checksums', () => {
  test('one wrong sum among right ones is wrong, and its ACK acknowledges nothing', () => {
    const scene = blocks(new Scene().ask(UBOOT), 1, 2).server(data(3, 512)).client(ack(3), { checksum: 'bad' })
    const t = scene.one()
    expect(lines(t).at(-1)).toBe('c ack 3 bad')
    expect(t.checksums.client).toMatchObject({ good: 3, bad: 1, offloaded: 0 })
    expect(t.blocks.highestAcknowledged).toBe(2)
  })

  test.each(['offload', 'bad'] as const)('the capturing host leaves its own to the card (%s)', (checksum) => {
    const scene = new Scene().ask(UBOOT)
    for (let n = 1; n < 5; n++) scene.server(data(n, 512), { checksum }).client(ack(n))
    const t = scene.one()
    expect(t.checksums.server).toMatchObject({ bad: 0, offloaded: 4 })
    expect(t.vantage).toMatchObject({ at: 'server', offload: 'server' })
    expect(t.vantage.because[0]).toBe('checksum-offload')
    expect(lines(t).join()).not.toMatch('bad')
  })

  test('a device whose sums are all wrong gets no answer: that is no offload', () => {
    const scene = new Scene()
    for (let i = 0; i < 4; i++) scene.ask(UBOOT, { checksum: 'bad', afterMs: 1000 })
    const t = scene.one()
    expect(t.checksums.client).toMatchObject({ bad: 4, offloaded: 0 })
    expect(lines(t)).toEqual(
      ['c rrq bad', ...Array<string>(3).fill('c rrq bad repeat')].map((l) => l.replace('bad repeat', 'repeat bad')),
    )
  })

  test('none, and those of cut frames, are no fault', () => {
    const scene = new Scene().ask(UBOOT, { checksum: 'none' }).server(data(1, 512), { snapBytes: 64 }).client(ack(1))
    const t = scene.one()
    expect(t.checksums).toMatchObject({ client: { none: 1, good: 1 }, server: { unverifiable: 1 } })
    expect(lines(t)[1]).toBe('s data 1 (512) cut')
    expect(t.blocks.bytes).toBe(512)
  })
})

describe('where the capture was taken', () => {
  test('padding tells: short frames of this host are not filled up yet', () => {
    const scene = new Scene()
      .ask(rrq('f', 'blksize', '1468'))
      .server(oack('blksize', '9'), { pad: false })
      .client(ack(0))
    expect(blocks(scene, 1, 2).one().vantage).toMatchObject({ at: 'server', because: ['padding'] })
  })

  test('latency tells: the server answers at once, the client after a round trip', () => {
    const scene = new Scene().ask(UBOOT)
    for (let n = 1; n < 40; n++) scene.server(data(n, 512), { afterMs: 0.02 }).client(ack(n), { afterMs: 0.9 })
    expect(scene.one().vantage).toEqual({ at: 'server', because: ['latency'], offload: undefined })
  })

  test('nothing tells', () => {
    expect(blocks(new Scene().ask(UBOOT), 1, 30).one().vantage.at).toBe('unknown')
  })

  test('loopback tells', () => {
    const here = { address: '127.0.0.1', mac: '00:00:00:00:00:00' }
    expect(blocks(new Scene({ client: here, server: here }).ask(UBOOT), 1, 3).one().vantage.because).toEqual([
      'loopback',
    ])
  })
})

describe('frames that are not what they seem', () => {
  test('several DATA packets in one frame are taken apart', () => {
    const scene = new Scene()
      .ask(rrq('f', 'windowsize', '4', 'blksize', '1428'))
      .server(oack('windowsize', '4', 'blksize', '1428'))
    scene
      .client(ack(0))
      .server(join(...[1, 2, 3, 4].map((n) => data(n, n === 4 ? 100 : 1428))), { checksum: 'offload' })
    const t = scene.client(ack(4)).one()
    expect(lines(t).slice(3, 7)).toEqual([
      's data 1 (1428) segment',
      's data 2 (1428) segment',
      's data 3 (1428) segment',
      's data 4 (100) segment',
    ])
    expect([t.packets.number(3), t.packets.number(6)]).toEqual([4, 4])
    expect([t.packets.frameBytes(3), t.packets.frameBytes(6)]).toEqual([42 + 1432, 42 + 104])
    expect(t).toMatchObject({ outcome: { type: 'complete' }, blocks: { sent: 4, bytes: 3 * 1428 + 100 } })
    expect(t.vantage.because).toContain('segmentation-offload')
  })

  test('also where the block size is not known', () => {
    const scene = new Scene()
    for (let n = 1; n < 30; n += 4) scene.server(join(...[0, 1, 2, 3].map((i) => data(n + i, 1024)))).client(ack(n + 3))
    expect(scene.one()).toMatchObject({ agreed: { blksize: 1024 }, blocks: { sent: 32, neverSeen: { count: 0 } } })
  })

  test('the same frame captured twice is no repeat', () => {
    const scene = new Scene().ask(UBOOT)
    for (let n = 1; n <= 3; n++) {
      scene.server(data(n, 512))
      scene.frame(scene.frames.at(-1)?.bytes ?? new Uint8Array(), 0.01).client(ack(n))
      scene.frame(scene.frames.at(-1)?.bytes ?? new Uint8Array(), 0.01)
    }
    const t = scene.one()
    expect(lines(t).slice(-4)).toEqual(['s data 3 (512)', 's data 3 (512) copy', 'c ack 3', 'c ack 3 copy'])
    expect(t.blocks).toMatchObject({ datagrams: 3, acks: 3 })
  })

  test('a packet sent twice is a repeat, also by a device that numbers all its packets alike', () => {
    const scene = new Scene().ask(UBOOT, { id: 7 })
    for (let n = 1; n <= 3; n++)
      scene.server(data(n, 512)).server(data(n, 512)).client(ack(n), { id: 7 }).client(ack(n), { id: 7 })
    const t = scene.one()
    expect(lines(t).slice(-4)).toEqual(['s data 3 (512)', 's data 3 (512) repeat', 'c ack 3', 'c ack 3 repeat'])
  })
})
