/**
 * A server hands its card many DATA packets as one frame (UDP segmentation offload). Where the capture keeps the beginning of it alone, and not what was agreed, the
 * frame counted as one block of up to 64 KB: blocks behind it were the "last" ones, and a capture that began late had no transfer. Two blocks of 512 bytes in one frame were
 * one even where the frame was whole.
 */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { join, packet } from '../golden/capture-maker.ts'
import { lines, Scene, type SendOptions } from '../golden/capture-scene.ts'

const BLOCKS = 96

/** Windows, each sent as one frame; the first is of `first` blocks. */
function windows(scene: Scene, blksize: number, windowsize: number, first = windowsize): Scene {
  for (let seq = 1, count = first; seq <= BLOCKS; seq += count, count = windowsize) {
    if (seq > 1) count = Math.min(windowsize, BLOCKS - seq + 1)
    const row = Array.from({ length: count }, (_, n) => packet.data(seq + n, seq + n === BLOCKS ? 100 : blksize))
    scene.server(join(...row)).client(packet.ack(seq + count - 1), { afterMs: 0.7 })
    if (seq === 1) count = first
  }
  return scene
}

const asked = (options: SendOptions, windowsize: number) =>
  new Scene(options)
    .ask(packet.rrq('a-rather-long-name-of-an-image.bin', 'blksize', '1024', 'windowsize', String(windowsize)))
    .server(packet.oack('windowsize', String(windowsize), 'blksize', '1024'))
    .client(packet.ack(0), { afterMs: 0.5 })

describe.each([
  ['cut, begun late', { snapBytes: 60 }, false],
  ['cut', { snapBytes: 60 }, true],
  ['whole, begun late', {}, false],
] as const)('%s', (_, options, isWhole) => {
  test.each([
    [512, 2],
    [1024, 4],
    [1468, 16],
  ])('blocks of %i bytes, %i in a frame', (blksize, windowsize) => {
    const scene = isWhole ? asked(options, windowsize) : new Scene(options)
    const transfer = windows(scene, blksize, windowsize).one()
    expect(transfer.agreed).toMatchObject({ blksize, windowsize })
    expect(transfer.blocks).toMatchObject({
      sent: BLOCKS,
      datagrams: BLOCKS,
      final: BLOCKS,
      bytes: (BLOCKS - 1) * blksize + 100,
    })
    expect(diagnose(transfer)).toMatchObject({ outcome: 'complete', causes: [], holes: { count: 0 } })
    const data = lines(transfer).filter((line) => line.startsWith('s data'))
    expect(data.map((line) => Number(line.split(' ')[2]))).toEqual(Array.from({ length: BLOCKS }, (__, n) => n + 1))
  })

  test('the first frame has one block', () => {
    const transfer = windows(isWhole ? asked(options, 8) : new Scene(options), 1024, 8, 1).one()
    expect(transfer.agreed.blksize).toBe(1024)
    expect(transfer.blocks).toMatchObject({ sent: BLOCKS, final: BLOCKS })
  })
})

test('large blocks on a link that carries them are single', () => {
  const scene = new Scene({ snapBytes: 60 })
  for (let seq = 1; seq <= 20; seq++)
    scene.server(packet.data(seq, seq === 20 ? 100 : 8192)).client(packet.ack(seq), { afterMs: 0.5 })
  expect(scene.one()).toMatchObject({ agreed: { blksize: 8192 }, blocks: { sent: 20, final: 20 } })
})
