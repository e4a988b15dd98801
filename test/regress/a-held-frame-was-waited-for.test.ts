/**
 * A card that shows each frame only when the next one comes: every block is answered only when it leaves again, so none gave a round trip (Karn's rule). Without one the timer
 * waits for 250 ms, for each block: lwIP took three minutes for a megabyte. Answers that come equally long after repeats that waited differently give the round trip (A6).
 */
import { expect, test } from 'vitest'
import { boot } from '../sim/figures-boot.ts'

test.each([
  ['lwip', 0.075, 20_000],
  ['lwip', 5, 80_000],
  ['curl', 20, 130_000],
] as const)('%s, %d ms each way', (client, delayMs, mostMs) => {
  const { intact, ms } = boot({
    client,
    values: { blksize: 1428 },
    faults: [{ fault: 'rx-one-behind', values: {} }],
    link: { delayMs },
    sizeBytes: 1_000_000,
    seed: 1,
  })
  expect(intact).toBe(true)
  expect(ms).toBeLessThan(mostMs)
})

test.each([150, 240, 260, 300, 400])(
  'a healthy client %d ms away, which was not timed by its OACK, is no such card',
  (rttMs) => {
    const { intact, datagramsPerBlock } = boot({
      client: 'strict',
      faults: [],
      link: { delayMs: rttMs / 2 },
      sizeBytes: 100_000,
      seed: 1,
    })
    expect(intact).toBe(true)
    expect(datagramsPerBlock).toBeLessThan(1.02)
  },
)
