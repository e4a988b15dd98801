/**
 * U-Boot with a window that the network reorders: it reported a gap, and went on when the late block came. A few blocks left again, and the questions
 * behind them were just what it expected next: it took one each second without a word, for thirty seconds. A silence now sends again all that had left of the window (N4).
 */
import { expect, test } from 'vitest'
import { boot, range } from '../sim/figures-boot.ts'

test.each(range(6))('reordered windows of 64 blocks, seed %d', (seed) => {
  const { intact, ms } = boot({
    client: 'uboot-2023',
    values: { windowsize: 64, blksize: 8192, timeoutMs: 5000 },
    faults: [{ fault: 'reorder', values: { p: 0.0454, distance: 5, holdMs: 0.63 } }],
    link: { delayMs: 0.077, rateBytesPerSec: 12_500_000 },
    sizeBytes: 7_937_727,
    seed,
  })
  expect(intact).toBe(true)
  expect(ms).toBeLessThan(10_000)
})
