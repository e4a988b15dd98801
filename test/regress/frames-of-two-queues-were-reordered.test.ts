/**
 * Cards with several queues hand frames on in small lots, and a capture has some behind later ones, with their right times. The order of the file counted: a healthy transfer with
 * windows had a link that reorders.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet, pcap } from '../golden/capture-maker.ts'
import { lines, readAll, Scene } from '../golden/capture-scene.ts'

const BLOCKS = 80

function windows(): Scene {
  const scene = new Scene()
    .ask(packet.rrq('image.bin', 'windowsize', '8'))
    .server(packet.oack('windowsize', '8'))
    .client(packet.ack(0), { afterMs: 0.5 })
  for (let seq = 1; seq <= BLOCKS; seq++) {
    scene.server(packet.data(seq, seq === BLOCKS ? 100 : 512), { afterMs: 0.012 })
    if (seq % 8 === 0) scene.client(packet.ack(seq), { afterMs: 0.6 })
  }
  return scene
}

test('the order of the times counts', () => {
  const scene = windows()
  const [whole] = readAll(pcap(scene.frames)).transfers
  const frames = [...scene.frames]
  for (let i = 5; i + 3 < frames.length; i += 7) frames.splice(i, 3, frames[i + 2], frames[i], frames[i + 1])
  const [mixed] = readAll(pcap(frames)).transfers
  expect(lines(mixed)).toEqual(lines(whole))
  expect(diagnose(mixed)).toMatchObject({ outcome: 'complete', causes: [] })
})

test('a clock that is set back changes no order', () => {
  const scene = windows()
  const set = scene.frames.map((frame, i) => (i < 40 ? frame : { ...frame, ms: frame.ms - 50 }))
  expect(lines(readAll(pcap(set)).transfers[0])).toEqual(lines(scene.one()))
})
