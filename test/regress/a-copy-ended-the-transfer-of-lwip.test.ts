/**
 * lwIP answers any block but the next one and the last one with ERROR 5 "Wrong block number", and goes on. A copy that the network made of an earlier block brought one, when
 * nothing had left that lwIP did not ask for, and ended the transfer (A10).
 */
import { expect, test } from 'vitest'
import { boot, range } from '../sim/figures-boot.ts'

test.each([
  [0.0074, 1.26],
  [0.24, 12.9],
])('lwIP behind a network that doubles %f of the packets, %f ms later', (p, laterMs) => {
  for (const seed of range(10)) {
    const { intact, datagramsPerBlock } = boot({
      client: 'lwip',
      faults: [{ fault: 'duplicate', values: { p, laterMs } }],
      sizeBytes: 500_000,
      seed,
    })
    expect(intact).toBe(true)
    expect(datagramsPerBlock).toBeLessThan(1.02)
  }
})
