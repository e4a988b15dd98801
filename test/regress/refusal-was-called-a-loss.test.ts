import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

/** The last block of such a transfer has no ACK, and that counted as a loss before the ERROR that is the answer to it. */
test.each([1.8, 300])('a device that answers a block with an ERROR after %d ms has lost nothing', (afterMs) => {
  const scene = new Scene().ask(packet.rrq('image'))
  scene.server(packet.data(1, 512)).client(packet.ack(1), { afterMs: 0.6 })
  scene.server(packet.data(2, 512)).client(packet.error(0, 'out of flash'), { afterMs })
  const { outcome, causes } = diagnose(scene.one())
  expect([outcome, causes.map(({ id }) => id)]).toEqual(['error', ['client-refused']])
})
