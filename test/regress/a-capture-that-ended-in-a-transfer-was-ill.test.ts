/**
 * A capture that is stopped while a transfer goes on ends behind packets that have no answer yet. They counted as unanswered: a healthy device "said nothing more", and one loss
 * long before weighed as what stopped the transfer.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

function running(windowsize: number, behind: number, losesOne: boolean) {
  const scene = new Scene()
    .ask(packet.rrq('image.bin', 'timeout', '5', 'windowsize', String(windowsize)))
    .server(packet.oack('windowsize', String(windowsize)))
    .client(packet.ack(0), { afterMs: 0.5 })
  const last = 20 * windowsize
  for (let seq = 1; seq <= last + behind; seq++) {
    scene.server(packet.data(seq, 512), { afterMs: 0.012 })
    if (losesOne && seq === 5 * windowsize) scene.server(packet.data(seq, 512), { afterMs: 1000 })
    if (seq % windowsize === 0 && seq <= last) scene.client(packet.ack(seq), { afterMs: 0.6 })
  }
  return diagnose(scene.one())
}

test.each([4, 8, 16])('it ends in a window of %i', (windowsize) => {
  expect(running(windowsize, windowsize - 1, false)).toMatchObject({ outcome: 'running', causes: [] })
})

test('answers to earlier blocks come in while later ones are on their way', () => {
  const scene = new Scene().ask(packet.rrq('image.bin'))
  for (let seq = 1; seq <= 4; seq++) scene.server(packet.data(seq, 512), { afterMs: 0.01 })
  for (let seq = 1; seq <= 40; seq++)
    scene.client(packet.ack(seq), { afterMs: 0.1 }).server(packet.data(seq + 4, 512), { afterMs: 0.01 })
  for (const behind of [0, 1, 2]) {
    scene.frames.length -= behind
    expect(diagnose(scene.one())).toMatchObject({ outcome: 'running', causes: [] })
  }
})

test('it ends behind the last block: its ACK is on its way, or missing when nothing comes for long', () => {
  const scene = new Scene().ask(packet.rrq('image.bin'))
  for (let seq = 1; seq <= 40; seq++)
    scene.server(packet.data(seq, 512), { afterMs: 0.1 }).client(packet.ack(seq), { afterMs: 0.6 })
  scene.server(packet.data(41, 9))
  expect(diagnose(scene.one())).toMatchObject({ outcome: 'running', causes: [] })
  scene.server(packet.data(41, 9), { afterMs: 1000 })
  expect(diagnose(scene.one()).outcome).toBe('last-ack-missing')
})

test('one loss long before did not stop it', () => {
  const { outcome, causes } = running(1, 1, true)
  expect(outcome).toBe('running')
  for (const { confidence } of causes) expect(confidence).toBeLessThan(0.3)
})
