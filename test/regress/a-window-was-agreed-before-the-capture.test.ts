/**
 * A capture that began late, or kept only the beginning of each packet, has no whole OACK. A window of 16 counted as none: each image had "possible holes", data that
 * was lost looked like lost ACKs, and "no window was negotiated" was said of what nothing showed.
 */
import { describe, expect, test } from 'vitest'
import { diagnose, type Diagnosis } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene, type SendOptions } from '../golden/capture-scene.ts'

const BLOCKS = 320

/** A client with a window; in every sixth one the last block but one is lost on its way, or in none. */
function windows(scene: Scene, windowsize: number, isLossy: boolean): Scene {
  for (let next = 1, turn = 1; next <= BLOCKS; turn++) {
    const end = Math.min(next + windowsize - 1, BLOCKS)
    for (let seq = next; seq <= end; seq++)
      scene.server(packet.data(seq, seq === BLOCKS ? 100 : 512), { afterMs: 0.01 })
    const has = isLossy && turn % 6 === 2 && end > next ? end - 2 : end
    scene.client(packet.ack(has), { afterMs: 1 })
    next = has + 1
  }
  return scene
}

function seen(scene: Scene): Diagnosis & { windowsize: number; from: string } {
  const transfer = scene.one()
  const { windowsize, windowsizeFrom: from } = transfer.agreed
  return { ...diagnose(transfer), windowsize, from }
}

const asked = (windowsize: number, options?: SendOptions): Scene =>
  new Scene(options)
    .ask(packet.rrq('image.bin', 'blksize', '512', 'tsize', '0', 'windowsize', String(windowsize)))
    .server(packet.oack('blksize', '512', 'tsize', '163428', 'windowsize', String(windowsize)))
    .client(packet.ack(0))

const begins: [string, (windowsize: number) => Scene][] = [
  ['seen whole', (windowsize) => asked(windowsize)],
  ['of packets that are cut', (windowsize) => asked(windowsize, { snapBytes: 68 })],
  ['of a capture that began late', () => new Scene()],
]

describe.each(begins)('%s', (_, begin) => {
  test.each([2, 4, 16, 64])('a window of %i: nothing is missing', (windowsize) => {
    const scene = windows(begin(windowsize), windowsize, false)
    const { from, limits, ...rest } = seen(scene)
    expect(rest).toMatchObject({ windowsize, outcome: 'complete', causes: [] })
    expect(limits.some((text) => text.includes('is what the ACKs show'))).toBe(from === 'inferred')
  })

  // A window of 2 that lacks its first block repeats the ACK before, as one that is stale does; of 64 there are few.
  test.each([4, 16])('a window of %i: lost DATA is lost DATA', (windowsize) => {
    const { causes, holes } = seen(windows(begin(windowsize), windowsize, true))
    expect([causes[0]?.id, holes.count]).toEqual(['data-loss', 0])
  })
})

describe('what is no window stays one that may lack blocks', () => {
  const lockStep = (acks: (seq: number) => number[], ahead: number): Scene => {
    const scene = new Scene()
    for (let next = 1; next <= BLOCKS; next += ahead) {
      const end = Math.min(next + ahead - 1, BLOCKS)
      for (let seq = next; seq <= end; seq++)
        scene.server(packet.data(seq, seq === BLOCKS ? 100 : 512), { afterMs: 0.01 })
      for (let seq = next; seq <= end; seq++)
        for (const ack of acks(seq)) scene.client(packet.ack(ack), { afterMs: 0.5 })
    }
    return scene
  }

  test.each<[string, (seq: number) => number[]]>([
    ['a third of the ACKs is lost', (seq) => (seq % 6 === 1 || seq % 6 === 4 ? [] : [seq])],
    ['half of them are', (seq) => ((seq * 7) % 16 < 8 && seq !== BLOCKS ? [] : [seq])],
    ['each ACK comes twice, in place of the one before it', (seq) => (seq % 2 === 1 ? [] : [seq, seq])],
  ])('%s', (_, acks) => {
    const { windowsize, from, outcome, holes } = seen(lockStep(acks, 2))
    expect([windowsize, from, outcome]).toEqual([1, 'unseen', 'possible-holes'])
    expect(holes.because).toMatch(/capture does not show whether a window/)
  })
})

test('a server that answers a request for a window with DATA 1 agreed to none', () => {
  const scene = new Scene().ask(packet.rrq('image.bin', 'windowsize', '4'))
  for (let seq = 1; seq <= 20; seq++)
    scene.server(packet.data(seq, seq === 20 ? 100 : 512)).client(packet.ack(seq), { afterMs: 1 })
  expect(seen(scene)).toMatchObject({ windowsize: 1, from: 'packets', outcome: 'complete', causes: [] })
})
