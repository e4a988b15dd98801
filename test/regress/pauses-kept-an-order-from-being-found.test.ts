/**
 * iPXE names the first gap. Behind a pause to write flash the round trip seemed to be a third of a second, so each question about its order waited for three of those, came too late to
 * prove anything, and the transfer failed at the block before the one that iPXE named: each boot of `foresend lab run --device ipxe --fault slow-flash --server foresend-window-8`.
 */
import { expect, test } from 'vitest'
import { DEVICES, readFaults, runCell, SERVERS, withFaults } from '../../src/lab/index.ts'

test.each(['slow-flash', 'slow-flash:everyBlocks=64,pauseMs=600', 'slow-flash:everyBlocks=18,pauseMs=500'])(
  'a client that names another gap, and pauses, is found out: %s',
  (fault) => {
    for (let seed = 1; seed <= 3; seed++) {
      const { row } = runCell({
        device: withFaults(DEVICES.ipxe, readFaults(fault)),
        server: 'foresend-window-8',
        model: SERVERS['foresend-window-8'],
        sizeBytes: 1_048_576,
        seed,
      })
      expect(row.verdict).toBe('intact')
    }
  },
)
