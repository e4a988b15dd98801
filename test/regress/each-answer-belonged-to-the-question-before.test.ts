/**
 * A card that shows each frame only when the next one comes, and U-Boot from 2023.04 on, which says nothing to what lies behind it: the answer to each question about a gap
 * came with the next question, and was taken for the answer to that one. The order was never found, and one lost ACK ended the transfer. A second copy of a
 * question brings its answer (A1). A datagram that is too short would as well, but curl counts each as a timeout and gives up.
 */
import { expect, test } from 'vitest'
import type { Frame } from '../../src/lab/index.ts'
import { boot, faultOf, range } from '../sim/figures-boot.ts'

test.each([
  ['uboot-2023', 0.03],
  ['uboot-2020', 0.1],
  ['curl', 0.1],
] as const)('%s, ACKs lost on such a card', (client, p) => {
  const lengths = new Set<number>()
  const down = { sent: (_now: number, { length }: Frame) => void lengths.add(length), arrived: () => {} }
  const up = { sent: () => {}, arrived: () => {} }
  const boots = range(8).map((seed) =>
    boot({
      client,
      faults: [{ fault: 'rx-one-behind', values: {} }, faultOf('ack-loss', p)],
      link: { delayMs: 1 },
      sizeBytes: 500_000,
      seed,
      tap: { up, down },
    }),
  )
  expect(boots.map(({ intact }) => intact)).toEqual(boots.map(() => true))
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(4)
})
