/**
 * Transfers of real programs on a host that did much else: each block left once and each ACK came once, and some came late, no two after the same time.
 * Each further pause cost more, while a timer that learns could end a wait at any time, and a waiting frame could be seen by chance without a limit.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

const BLOCKS = 121

/** `late`: answers that took so long, by block. */
function busy(late: ReadonlyMap<number, number>, ...options: string[]) {
  const scene = new Scene().ask(packet.rrq('test.bin', ...options))
  if (options.length > 0) scene.server(packet.oack(...options), { afterMs: 61 }).client(packet.ack(0), { afterMs: 71 })
  for (let seq = 1; seq <= BLOCKS; seq++) {
    scene.server(packet.data(seq, seq === BLOCKS ? 100 : 512), { afterMs: 0.5 + (seq % 5) * 3 })
    scene.client(packet.ack(seq), { afterMs: late.get(seq) ?? 12 + ((seq * 7) % 41) })
  }
  return diagnose(scene.one()).causes.map(({ id }) => id)
}

test.each([
  [
    new Map([
      [16, 256],
      [111, 362],
      [115, 1201],
      [116, 855],
      [119, 1487],
      [120, 165],
    ]),
  ],
  [
    new Map([
      [17, 245],
      [92, 180],
      [116, 399],
      [119, 1202],
      [120, 867],
    ]),
  ],
])('answers that come late at any time are those of a busy host', (late) => {
  expect(busy(late, 'tsize', '0', 'blksize', '512', 'timeout', '6')).toEqual([])
})
