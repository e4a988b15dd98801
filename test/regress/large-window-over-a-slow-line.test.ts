/**
 * An OACK that is answered within 4 ms was taken for a fast link. A window of 32 or 64 blocks takes longer than the first wait of 250 ms at 200 kB/s and
 * less: its blocks left again before their ACK could come, again and again, and a healthy client got each block four to six times.
 */
import { describe, expect, test } from 'vitest'
import type { ClientName } from '../../src/lab/device/clients.ts'
import { boot } from '../sim/figures-boot.ts'

const CLIENTS: readonly ClientName[] = ['edk2', 'window', 'uboot-2023', 'foresend-get']
const ROUND_TRIPS_MS = [0.1, 0.5, 1, 2, 3]
const MOST = 1.05

describe.each(CLIENTS)('A6: %s, a window of 45 kB over a line with short round trips', (client) => {
  test.each([80_000, 100_000, 137_000, 180_000, 250_000])('at %d bytes per second', (rateBytesPerSec) => {
    for (const rttMs of ROUND_TRIPS_MS) {
      const { intact, datagramsPerBlock } = boot({
        client,
        values: { windowsize: 32, blksize: 1428 },
        link: { delayMs: rttMs / 2, rateBytesPerSec },
        sizeBytes: 300_000,
        seed: 1,
      })
      expect(intact).toBe(true)
      expect(datagramsPerBlock).toBeLessThanOrEqual(MOST)
    }
  })
})
