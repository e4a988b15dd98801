/**
 * U-Boot 2023.01 with a window of 32 and both losses near 30 %: once the bound of rule N3 was spent, only the first unacknowledged block left again, and blocks
 * ahead. A client that stood a block further, and whose one answer was lost, is moved by neither: it waited for its own timer ten times, and gave up,
 * in 18 of 20 boots. One in a hundred still does.
 */
import { expect, test } from 'vitest'
import { DEVICES, readFaults, runCell, SERVERS, withFaults } from '../../src/lab/index.ts'
import { range } from '../sim/figures-boot.ts'

const FAULTS = 'ack-loss:p=0.29+data-loss:p=0.23'
const SEEDS = 20

test('N3: behind a spent budget every block that the client may lack leaves in turn', () => {
  const device = withFaults(DEVICES['uboot-virtio'], readFaults(FAULTS))
  const failed = range(SEEDS).filter((seed) => {
    const { row } = runCell({ device, server: 'foresend', model: SERVERS.foresend, sizeBytes: 512 * 1024, seed })
    return row.verdict !== 'intact' && row.verdict !== 'intact-but-server-failed' && row.noWay === undefined
  })
  expect(failed.length).toBeLessThanOrEqual(1)
})
