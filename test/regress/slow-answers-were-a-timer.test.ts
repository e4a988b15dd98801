import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

const LAST = 65

/** Blocks in `repeats` are answered only behind their last repeat; each repeat leaves after one of these waits. */
function transfer(scene: Scene, repeats: Readonly<Record<number, readonly number[]>>, slowMs: number): Scene {
  for (let seq = 1; seq <= LAST; seq++) {
    const block = packet.data(seq, seq === LAST ? 100 : 512)
    scene.server(block)
    for (const afterMs of repeats[seq] ?? []) scene.server(block, { afterMs })
    scene.client(packet.ack(seq), { afterMs: repeats[seq] === undefined ? 0.15 + 0.03 * (seq % 5) : slowMs })
  }
  return scene
}

/** Both sides wait for 6 s. A host that slept for so long takes a little longer for its first answer, and that was taken for the timer of the client. */
test('a repeat that a host answers slowly is answered all the same: which direction lost its packet is open', () => {
  const scene = new Scene()
    .ask(packet.rrq('test.bin', 'tsize', '0', 'blksize', '512', 'timeout', '6'))
    .server(packet.oack('tsize', '32868', 'blksize', '512', 'timeout', '6'))
    .client(packet.ack(0))
  const { causes } = diagnose(transfer(scene, { 46: [6006], 49: [6007], 57: [6008], 61: [6006] }, 0.85).one())
  const [first, second] = causes
  expect([first?.id, second?.id].sort()).toEqual(['ack-loss', 'data-loss'])
  expect(first.confidence).toBe(second.confidence)
})

/** A client that had the final block is gone, or answers the first repeat as well as the second one. */
test('a final block that is answered at its second repeat had not arrived', () => {
  const repeats = { 47: [1001], 50: [1002], 62: [1003], 63: [1002], [LAST]: [1001, 2002] }
  const scene = transfer(new Scene().ask(packet.rrq('test.bin')), repeats, 1.3)
  expect(diagnose(scene.one()).causes[0]?.id).toBe('data-loss')
})

/** An ACK was lost three times, and each wait for the timer ended some milliseconds late, as those of programs do. */
test('a timer of whole seconds that ends late is no pause', () => {
  const scene = new Scene().ask(packet.rrq('test.bin'))
  const waits: Readonly<Record<number, readonly number[]>> = {
    3: [5201],
    39: [5006.2, 5001.1, 5004.3],
    43: [5005, 0.3],
  }
  for (let seq = 1; seq <= LAST; seq++) {
    const block = packet.data(seq, seq === LAST ? 100 : 512)
    scene.server(block)
    const all = waits[seq] ?? [0.3 + 0.05 * (seq % 5)]
    for (const afterMs of all.slice(0, -1)) scene.server(block, { afterMs })
    scene.client(packet.ack(seq), { afterMs: all.at(-1)! })
    // This server answers what the timer repeated.
    if (seq === 3 || seq === 39) scene.server(block)
  }
  expect(diagnose(scene.one()).causes[0]?.id).toBe('ack-loss')
})
