/**
 * `foresend get` with a window repeats its ACK after a few tenths of a second when nothing comes. Once that had been taken for the end of a pause the timer of each later
 * window waited for as long, so that the client's own timer spoke first each time and nothing corrected it (A6).
 */
import { expect, test } from 'vitest'
import { boot, faultOf, range } from '../sim/figures-boot.ts'

test('a lossy link is not waited for as if its client paused', () => {
  const boots = range(6).map((seed) =>
    boot({
      client: 'foresend-get',
      values: { blksize: 512, windowsize: 8 },
      faults: [faultOf('data-loss', 0.217)],
      link: { delayMs: 1.41 },
      sizeBytes: 2_000_000,
      seed,
    }),
  )
  expect(boots.every(({ intact }) => intact)).toBe(true)
  const meanMs = boots.reduce((sum, { ms }) => sum + ms, 0) / boots.length
  expect(meanMs).toBeLessThan(35_000)
})
