/**
 * A receive ring of a few frames, emptied slowly, and a window that is wider. The blocks of a window left 1.5 round trips apart in pairs, which is faster than such
 * a device takes them: each window lost all but a few blocks, four datagrams per block were spent, and what was left waited for the client's own timer. Of U-Boot,
 * which counts those, most boots failed. A burst now waits for the answer to the one before (N3).
 */
import { expect, test } from 'vitest'
import { boot, range } from '../sim/figures-boot.ts'

test.each([
  ['uboot-2023', 64, 512, { descriptors: 5, drainMs: 0.524 }],
  ['uboot-2023', 32, 1024, { descriptors: 5, drainMs: 1.15 }],
  ['uboot-2020', 64, 1024, { descriptors: 3, drainMs: 1.97 }],
  ['window', 32, 512, { descriptors: 1, drainMs: 1 }],
] as const)('%s with windows of %d blocks of %d bytes', (client, windowsize, blksize, ring) => {
  for (const seed of range(5)) {
    const { intact, ms, datagramsPerBlock } = boot({
      client,
      values: { windowsize, blksize },
      faults: [{ fault: 'rx-ring', values: ring }],
      sizeBytes: 400_000,
      seed,
    })
    expect(intact).toBe(true)
    expect(ms).toBeLessThan(5000)
    expect(datagramsPerBlock).toBeLessThan(4)
  }
})
