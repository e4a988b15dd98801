/**
 * Before its losses are fitted, a story of bursts costs more than one in which a client that never asks like this repeats itself every few seconds.
 * That one gave the limit for all stories, and none of those that explain the capture was told: nothing was said at all.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { mainOf, play } from '../diagnosis/lab-case.ts'

test.each([1, 2, 3])('bursts of eight, seed %i', (seed) => {
  const { transfers, harmed } = play({
    client: 'lwip',
    values: { blksize: 512 },
    faults: [{ fault: 'data-loss', values: { p: 0.046, burst: 8 } }],
    server: 'py3tftp',
    link: { delayMs: 0.0843 },
    sizeBytes: 643_115,
    seed,
  })
  expect(harmed).toBeGreaterThan(24)
  const { causes } = diagnose(mainOf(transfers)!)
  expect(causes.map(({ id }) => id)).toContain('data-loss')
})
