/**
 * Bursts of three lost packets between tftp-hpa and its client: the first block and two repeats are lost, the client's timer speaks, and the next
 * repeat arrives. That was taken for a device that cannot be reached until it speaks, beyond doubt, though no time between two of these stops showed.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

const HIT = [75, 83, 107, 119]

test('lost DATA is at least level with an unreachable device', () => {
  const scene = new Scene().ask(packet.rrq('test.bin'))
  for (let seq = 1; seq <= 121; seq++) {
    const latencyMs = 0.1 + 0.01 * (seq % 7)
    const data = packet.data(seq, seq === 121 ? 100 : 512)
    scene.server(data, { afterMs: latencyMs })
    if (seq === 121) break
    if (HIT.includes(seq)) {
      scene.server(data, { afterMs: 1005 }).server(data, { afterMs: 2010 })
      scene.client(packet.ack(seq - 1), { afterMs: 1990 + (seq % 7) }).server(data, { afterMs: 2012 })
    }
    scene.client(packet.ack(seq), { afterMs: latencyMs })
  }
  scene.server(packet.data(121, 100), { afterMs: 1005 })
  const { causes } = diagnose(scene.one())
  const lost = causes.find(({ id }) => id === 'data-loss')
  expect(causes[0].confidence - (lost?.confidence ?? 0)).toBeLessThanOrEqual(0.05)
})
