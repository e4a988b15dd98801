/**
 * Wireshark and dumpcap write at the end when they stopped. A device that had been silent for a minute by then was said to be in the middle of its
 * transfer, because the last packet of the file was a block that moved on.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { be32, concat, join, packet, pcapngSection } from '../golden/capture-maker.ts'
import { blocks, readAll, Scene } from '../golden/capture-scene.ts'

const TICKS_IN_MS = 1000
const WORD = 2 ** 32

/** The statistics of the only interface: isb_endtime, in microseconds, high word first. */
function stoppedAt(ms: number): Uint8Array {
  const ticks = Math.round(ms * TICKS_IN_MS)
  const swap = (n: number) => be32(n >>> 0).reverse()
  const words = (n: number) => [...swap(Math.floor(n / WORD)), ...swap(n % WORD)]
  const body = join(swap(0), words(ticks), [3, 0, 8, 0], words(ticks), [0, 0, 0, 0])
  return join(swap(5), swap(body.length + 12), body, swap(body.length + 12))
}

test.each([
  [2, 'running'],
  [60_000, 'silent'],
  // Longer than any transfer is followed without a packet.
  [3_600_000, 'silent'],
])('a capture that goes on for %d ms behind the last block says %s', (wentOnMs, outcome) => {
  const scene = blocks(new Scene().ask(packet.rrq('test.bin')), 1, 50).server(packet.data(51, 512))
  const [transfer] = readAll(concat([pcapngSection(scene.frames), stoppedAt(scene.ms + wentOnMs)])).transfers
  expect(diagnose(transfer).outcome).toBe(outcome)
})
