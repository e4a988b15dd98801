/** A clock of milliseconds shows most answers at the time of their packets. Runs between losses were compared with a median of 0, and "nothing reaches the device" had the confidence NaN. */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet, pcapngSection } from '../golden/capture-maker.ts'
import { readAll, Scene } from '../golden/capture-scene.ts'

const MILLISECONDS = 3

test('losses are losses, and each confidence is a number', () => {
  const scene = new Scene().ask(packet.rrq('image.bin'))
  for (let seq = 1; seq <= 300; seq++) {
    scene.server(packet.data(seq, seq === 300 ? 100 : 512), { afterMs: 0.03 })
    if (seq % 7 === 3 || seq % 21 === 4)
      scene.client(packet.ack(seq - 1), { afterMs: 1000 }).server(packet.data(seq, 512), { afterMs: 0.03 })
    scene.client(packet.ack(seq), { afterMs: 0.06 })
  }
  const [transfer] = readAll(pcapngSection(scene.frames, { resolution: MILLISECONDS })).transfers
  const { outcome, causes } = diagnose(transfer)
  expect(outcome).toBe('complete')
  expect(causes.map(({ id }) => id)).toContain('data-loss')
  for (const { confidence } of causes) expect(confidence).toBeGreaterThan(0)
})
