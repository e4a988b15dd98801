/**
 * A client with a window wrote its flash for a few milliseconds and fetched only the first frames that came meanwhile. It acknowledged all that it had, which ended a window, and the
 * blocks behind that had left as questions were lost in its card. They never left again before its own timer of a second, after each pause: 427 s where a plain server took 43.
 */
import { expect, test } from 'vitest'
import { deviceFrom, readFaults } from '../../src/lab/device/schema.ts'
import { runCell, SERVERS } from '../../src/lab/index.ts'

test.each([
  [
    'a window of 2',
    { blksize: 512, windowsize: 2 },
    'slow-flash:everyBlocks=356,pauseMs=20.2',
    { rateBytesPerSec: 1_250_000 },
  ],
  ['a window of 3', { blksize: 512, windowsize: 3 }, 'slow-flash:everyBlocks=31,pauseMs=111', {}],
] as const)('what was asked and lost leaves again at once: %s', (_what, values, fault, link) => {
  const file = { name: 'flash', description: 'it writes', source: 'none', client: { model: 'window', ...values }, link }
  const device = { ...deviceFrom(file, 'flash.json'), faults: readFaults(fault) }
  const { row } = runCell({ device, server: 'foresend', model: SERVERS.foresend, sizeBytes: 500_000, seed: 1 })
  expect(row.verdict).toBe('intact')
  // No longer than the pause itself.
  expect(row.longestGapMs).toBeLessThan(130)
  expect(row.datagramsPerBlock).toBeLessThan(1.05)
})
