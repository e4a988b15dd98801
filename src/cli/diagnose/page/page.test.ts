/** The parts of the page that are worked out before a browser sees them. */
import { expect, test } from 'vitest'
import { packet } from '../../../../test/golden/capture-maker.ts'
import { blocks, Scene } from '../../../../test/golden/capture-scene.ts'
import { diagnose } from '../../../capture/diagnosis/index.ts'
import type { CapturedPackets, PacketKind } from '../../../capture/index.ts'
import { histogram } from './histogram.ts'
import { ladder } from './ladder.ts'
import { latencies } from './latency.ts'
import { MAX_PAGE_PACKETS, pagePackets, ROW } from './packets.ts'
import { MAX_PAGE_TRANSFERS, PageParts } from './parts.ts'

/** DATA and ACK by turns, a millisecond apart; one in a hundred is a repeat. */
function madePackets(length: number, thinned = 0): CapturedPackets {
  const kind = (i: number): PacketKind => (i === 0 ? 'rrq' : i % 2 === 1 ? 'data' : 'ack')
  return {
    length,
    seen: length + thinned,
    number: (i) => i + 1,
    timeMs: (i) => i,
    fromClient: (i) => kind(i) !== 'data',
    kind,
    block: () => 0,
    seq: (i) => Math.ceil(i / 2),
    payloadBytes: () => 512,
    payloadSum: () => 0,
    flags: (i) => (i % 100 === 99 ? 1 : 0),
    frameBytes: () => 0,
    thinnedBefore: (i) => (i === length - 1 ? thinned : 0),
  }
}

function unpacked(rows: readonly number[]) {
  const list: Record<(typeof ROW)[number], number>[] = []
  for (let i = 0; i < rows.length; i += ROW.length) {
    const [number, us, what, seq, bytes, left] = rows.slice(i, i + ROW.length)
    const before = list.at(-1) ?? { number: 0, us: 0, seq: 0 }
    list.push({ number: number + before.number, us: us + before.us, what, seq: seq + before.seq, bytes, left })
  }
  return list
}

test('packets of a short transfer are all in the page, as they were', () => {
  const { rows, seen } = pagePackets(madePackets(6), new Set())
  expect(seen).toBe(6)
  expect(unpacked(rows).slice(0, 3)).toEqual([
    { number: 1, us: 0, what: 1 | 8, seq: 0, bytes: 512, left: 0 },
    { number: 2, us: 1000, what: 3, seq: 1, bytes: 512, left: 0 },
    { number: 3, us: 2000, what: 4 | 8, seq: 1, bytes: 512, left: 0 },
  ])
  expect(unpacked(pagePackets(madePackets(100), new Set()).rows)[99].what).toBe(3 | (1 << 4))
})

test('of a long one there are repeats, evidence, the ends, and how many are left out where', () => {
  const packets = madePackets(300_000, 5)
  const { rows } = pagePackets(packets, new Set([123_457]))
  const kept = unpacked(rows)
  expect(kept.length).toBeGreaterThan(MAX_PAGE_PACKETS / 2 - 1)
  expect(kept.length).toBeLessThanOrEqual(MAX_PAGE_PACKETS + 26)
  const numbers = new Set(kept.map(({ number }) => number))
  for (const number of [1, 100, 299_900, 123_457, 123_446, 123_468, 300_000]) expect(numbers).toContain(number)
  expect(kept.length + kept.reduce((sum, { left }) => sum + left, 0)).toBe(packets.seen)
})

test('latencies are those of blocks that were sent once', () => {
  const scene = new Scene().ask(packet.rrq('image'))
  scene.server(packet.data(1, 512)).client(packet.ack(1), { afterMs: 2 })
  scene.server(packet.data(2, 512)).server(packet.data(2, 512), { afterMs: 500 }).client(packet.ack(2), { afterMs: 9 })
  scene.server(packet.data(3, 512)).client(packet.ack(3), { afterMs: 4 }).client(packet.ack(3), { afterMs: 70 })
  scene.server(packet.data(4, 0)).client(packet.ack(4), { afterMs: 300 })
  const found = latencies(scene.one().packets)
  expect(found?.count).toBe(3)
  expect(found?.medianMs).toBeCloseTo(4)
  expect(found?.mostMs).toBeCloseTo(300)
  const counted = found?.bars.filter(({ count }) => count > 0) ?? []
  expect(counted.map(({ fromMs, toMs }) => [fromMs <= 2 && 2 < toMs, fromMs <= 4 && 4 < toMs, fromMs <= 300])).toEqual([
    [true, false, true],
    [false, true, true],
    [false, false, true],
  ])
  expect(histogram(found ?? expect.fail()).match(/class="bar"/g)).toHaveLength(3)
  expect(latencies(new Scene().ask(packet.rrq('image')).one().packets)).toBeUndefined()
})

test('the diagram shows the evidence, and without any the longest silence', () => {
  const scene = blocks(new Scene().ask(packet.rrq('image')), 1, 30)
  scene.wait(1000)
  const transfer = blocks(scene, 31, 60).one()
  const silent = ladder(transfer, [])
  expect(silent).toContain('1.00 s of silence')
  expect(silent).toContain('>DATA 31<')
  expect(silent).not.toContain('marked')
  const marked = ladder(transfer, [100, 20, 104])
  expect(marked.match(/class="marked"/g)).toHaveLength(1)
  expect(marked).toContain('15 packets before')
  expect(marked).toContain('packet 20<')
  expect(marked).not.toContain('silence')
})

test('when a page is full, healthy transfers make room for others', () => {
  const scene = blocks(new Scene().ask(packet.rrq('image')), 1, 5)
    .server(packet.data(6, 0))
    .client(packet.ack(6))
  const healthy = scene.one()
  const failed = new Scene().ask(packet.rrq('image')).ask(packet.rrq('image'), { afterMs: 2000 }).one()
  const parts = new PageParts()
  for (let id = 1; id <= MAX_PAGE_TRANSFERS; id++) {
    const transfer = { ...healthy, id }
    parts.add('file', transfer, diagnose(transfer))
  }
  parts.add('file', { ...healthy, id: 100 }, diagnose(healthy))
  parts.add('file', { ...failed, id: 101 }, diagnose(failed))
  expect([1, 2, 100, 101].map((id) => parts.get('file', id) !== undefined)).toEqual([false, true, false, true])
})
