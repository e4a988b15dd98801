/**
 * A receive ring that takes a few frames of a burst, a window that is wider, and an answer that is lost. To a client that falls silent the window leaves again, and
 * the ring lost the same blocks of it each time: the client stood still until its own timer, or until a burst happened to be shorter. Now such a window is spread (N4).
 */
import { expect, test } from 'vitest'
import { boot, range } from '../sim/figures-boot.ts'

test.each([
  [8, 4, 1300],
  [16, 4, 1300],
  [32, 2, 2600],
])('U-Boot with windows of %d, a ring of %d, one ACK in 27 lost', (windowsize, descriptors, mostMs) => {
  const times = range(20).map((seed) => {
    const { intact, ms } = boot({
      client: 'uboot-2023',
      values: { windowsize, blksize: 1468 },
      faults: [
        { fault: 'rx-ring', values: { descriptors, drainMs: 0.2 } },
        { fault: 'ack-loss', values: { p: 0.037 } },
      ],
      sizeBytes: 1_000_000,
      seed,
    })
    expect(intact).toBe(true)
    return ms
  })
  const median = times.sort((a, b) => a - b)[10]
  expect(median).toBeLessThan(mostMs)
  // The ACK of the OACK alone is worth a wait for the client's own timer (A5).
  expect(times.filter((ms) => ms > 4500).length).toBeLessThanOrEqual(2)
})
