/**
 * A lost ACK 0 made the sender take the client's timer of 250 ms for the round trip. A window then left in bursts so far apart that the timer answered
 * each of them, and confirmed it: 1 MB took five minutes where a tenth of a second per loss is enough. And of a window that came again without
 * its first block, `foresend get` acknowledged nothing.
 */
import { describe, expect, test } from 'vitest'
import { boot, faultOf, range } from '../sim/figures-boot.ts'

const BYTES = 200_000
const MOST_MS = 15_000

describe('A6, R4: both losses, and a first ACK that is late', () => {
  test.each(range(40))('seed %d', (seed) => {
    const { intact, ms } = boot({
      client: 'foresend-get',
      faults: [faultOf('ack-loss', 0.17), faultOf('data-loss', 0.25)],
      sizeBytes: BYTES,
      seed,
    })
    expect(intact).toBe(true)
    expect(ms).toBeLessThanOrEqual(MOST_MS)
  })
})
