/**
 * A capture at the device shows each ACK, also those that never reach the server. Where the server sends more than one block at a time, what it sent again after a silence told nothing: a device
 * whose ACKs were lost was healthy.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

/** At the client: its frames are not filled up. ACKs of the blocks in `lost` never arrive. */
function atClient(lost: readonly number[], silenceMs: number) {
  const scene = new Scene({ pad: true }).ask(packet.rrq('image.bin'), { pad: false })
  for (let seq = 1; seq <= 60; seq += 2) {
    for (const one of [seq, seq + 1])
      scene.server(packet.data(one, one === 60 ? 9 : 512), { afterMs: one === seq ? 0.6 : 0.02 })
    scene
      .client(packet.ack(seq), { pad: false, afterMs: 0.03 })
      .client(packet.ack(seq + 1), { pad: false, afterMs: 0.02 })
    for (const one of lost.filter((n) => n === seq || n === seq + 1))
      scene.server(packet.data(one, 512), { afterMs: silenceMs }).client(packet.ack(one), { pad: false, afterMs: 0.03 })
  }
  return diagnose(scene.one())
}

test('a block that comes again after a silence had an ACK that was lost', () => {
  const { outcome, causes } = atClient([8, 15, 22, 41], 250)
  expect([outcome, causes[0]?.id]).toEqual(['complete', 'ack-loss'])
  expect(causes[0].title).toMatch(/between the place of this capture and the server/)
})

test('one that comes again at once may have been sent ahead', () => {
  expect(atClient([8, 15, 22, 41], 1).causes.map(({ id }) => id)).not.toContain('ack-loss')
})

test('without any it is healthy', () => {
  expect(atClient([], 0)).toMatchObject({ outcome: 'complete', causes: [] })
})
