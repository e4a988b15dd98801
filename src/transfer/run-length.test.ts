import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RunLength } from './run-length.ts'

/** After so many losses, each behind a run of `run` blocks. */
function lossy(run: number, losses = 20): RunLength {
  const runs = new RunLength()
  for (let i = 0; i < losses; i++) {
    runs.delivered(run)
    runs.lost()
  }
  return runs
}

test('a link that lost nothing takes whole windows', () => {
  const runs = new RunLength()
  expect(runs.burstBlocks(64)).toBe(64)
  runs.delivered(100_000)
  expect(runs.burstBlocks(65_535)).toBe(65_535)
})

test('a link that loses one block in forty takes bursts that survive more often than not', () => {
  const burst = lossy(40).burstBlocks(1000)
  expect(burst).toBeGreaterThanOrEqual(10)
  expect(burst).toBeLessThanOrEqual(40)
})

test('never more than the window, never less than one block', () => {
  expect(lossy(4000).burstBlocks(64)).toBe(64)
  expect(lossy(0).burstBlocks(64)).toBe(1)
  expect(lossy(1).burstBlocks(1)).toBe(1)
})

test('the worse the link, the shorter the burst', () => {
  const bursts = [1, 4, 16, 64, 256].map((run) => lossy(run).burstBlocks(1000))
  expect(bursts).toEqual(bursts.toSorted((a, b) => a - b))
  expect(new Set(bursts).size).toBe(bursts.length)
})

test('one short run among long ones does not end the long bursts', () => {
  const runs = lossy(1000)
  const before = runs.burstBlocks(10_000)
  runs.lost()
  expect(runs.burstBlocks(10_000)).toBeGreaterThan(before / 2)
})

test('a long clean run opens the window again before anything else is lost', () => {
  const runs = lossy(8)
  const before = runs.burstBlocks(256)
  for (let i = 0; i < 100; i++) runs.delivered(64)
  expect(before).toBeLessThan(16)
  expect(runs.burstBlocks(256)).toBe(256)
})

test('any history gives a whole number of blocks between one and the window', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500)), fc.integer({ min: 1, max: 65_535 }), (history, windowBlocks) => {
      const runs = new RunLength()
      for (const n of history) {
        if (n === 0) runs.lost()
        else runs.delivered(n)
        const burst = runs.burstBlocks(windowBlocks)
        expect(Number.isInteger(burst) && burst >= 1 && burst <= windowBlocks).toBe(true)
      }
    }),
  )
})
