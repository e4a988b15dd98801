/**
 * U-Boot in a virtual machine whose host is busy stops for some milliseconds while a window waits in its receive ring. The timer of the window rang after
 * 10 ms, asked two blocks ahead, and sent the whole window again. The ACK of the block ahead looked like a gap, so the next windows came twice as well.
 */
import { describe, expect, test } from 'vitest'
import { boot } from '../sim/figures-boot.ts'

const CLIENTS = ['uboot-2020', 'uboot-2023', 'edk2', 'window'] as const

describe.each(CLIENTS)('a healthy client that is interrupted (%s)', (client) => {
  test.each([4, 8, 16, 32, 64])('gets each block once, with a window of %i', (windowsize) => {
    for (const [seed, pauseMs] of [8, 12, 17.5, 36, 90, 180].entries()) {
      const faults = [{ fault: 'slow-flash', values: { everyBlocks: 53 + 20 * seed, pauseMs, buffers: 256 } }]
      const link = { delayMs: 0.05 + 0.3 * seed }
      const { intact, datagramsPerBlock } = boot({
        client,
        values: { windowsize },
        link,
        faults,
        sizeBytes: 400_000,
        seed,
      })
      expect({ pauseMs, intact, datagramsPerBlock }).toEqual({ pauseMs, intact: true, datagramsPerBlock: 1 })
    }
  })
})
