/**
 * A client with a window shows its last frame only when the next one comes, so that each window is answered behind its repeat. The time from block to ACK
 * made the link look slow, and all that left, repeats included, had to wait for its turn on that link: answers came before their blocks were through.
 * Their negative time ended the diagnosis with a TypeError.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

const WINDOW = 4
const WINDOWS = 600
const REPEAT_MS = 500
const ROUND_TRIP_MS = 2.4

test('each window is answered behind its repeat', () => {
  const scene = new Scene().ask(packet.rrq('image.bin', 'windowsize', String(WINDOW)))
  const oack = packet.oack('windowsize', String(WINDOW))
  const last = WINDOW * WINDOWS
  const send = (from: number): void => {
    for (let seq = from; seq < from + WINDOW; seq++)
      scene.server(packet.data(seq, seq === last ? 100 : 512), { afterMs: 0 })
  }
  const ack = (seq: number, afterMs: number): void => void scene.client(packet.ack(seq), { afterMs })
  scene.server(oack, { afterMs: 0 }).server(oack, { afterMs: REPEAT_MS })
  ack(0, ROUND_TRIP_MS)
  send(1)
  ack(0, ROUND_TRIP_MS)
  for (let from = 1; from <= last; from += WINDOW) {
    const end = from + WINDOW - 1
    scene.wait(REPEAT_MS - ROUND_TRIP_MS)
    send(from)
    ack(end, ROUND_TRIP_MS)
    if (end === last) break
    send(end + 1)
    // To the rest of the repeat, and to its last block once the next one shows it.
    for (let n = 1; n < WINDOW; n++) ack(end, 0)
    ack(end, ROUND_TRIP_MS)
  }
  expect(diagnose(scene.one()).causes[0]?.id).toBe('rx-one-behind')
})
