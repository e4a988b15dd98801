/**
 * A clock that is set back in the middle of a transfer made answers come before their blocks, times below nothing and costs that are no numbers: the diagnosis ended with a TypeError, or named causes
 * of a healthy transfer.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet, pcap } from '../golden/capture-maker.ts'
import { readAll, Scene } from '../golden/capture-scene.ts'

const BLOCKS = 40

/** The clock goes back before each `every`th frame. */
function seen(every: number, backMs: number) {
  const scene = new Scene().ask(packet.rrq('image.bin', 'timeout', '1'))
  for (let seq = 1; seq <= BLOCKS; seq++)
    scene.server(packet.data(seq, seq === BLOCKS ? 100 : 512)).client(packet.ack(seq), { afterMs: 0.7 })
  const frames = scene.frames.map((frame, i) => ({ ...frame, ms: frame.ms - Math.floor(i / every) * backMs }))
  const [transfer] = readAll(pcap(frames)).transfers
  return { transfer, diagnosis: diagnose(transfer) }
}

test.each([2, 3, 5, 6, 7, 11, 40])('before each %i. frame', (every) => {
  for (const backMs of [5, 300, 4000, 3_600_000]) {
    const { transfer, diagnosis } = seen(every, backMs)
    expect(diagnosis).toMatchObject({ outcome: 'complete', causes: [], holes: { count: 0 } })
    const { packets } = transfer
    for (let i = 1; i < packets.length; i++) expect(packets.timeMs(i)).toBeGreaterThanOrEqual(packets.timeMs(i - 1))
    expect(transfer.endMs).toBeCloseTo(packets.timeMs(packets.length - 1), 3)
  }
})
