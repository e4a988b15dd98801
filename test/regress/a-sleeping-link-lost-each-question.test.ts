/**
 * A link that falls asleep loses the first frame that wakes it, each way, every second time. Questions that leave one by one were lost one by one, and so were their answers:
 * transfers failed after half a minute. Questions that leave soon one after the other keep it awake (A1, A14).
 */
import { expect, test } from 'vitest'
import { deviceFrom, readFaults } from '../../src/lab/device/schema.ts'
import { runCell, SERVERS } from '../../src/lab/index.ts'
import { isIntact } from '../../src/lab/run.ts'

const BOOTS = 8

test.each([
  ['strict', { timeoutMs: 5000 }, 'eee-wake:p=0.5,idleMs=5+slow-flash:everyBlocks=100,pauseMs=50'],
  ['curl', { blksize: 1428 }, 'eee-wake:p=0.5,idleMs=2+slow-flash:everyBlocks=50,pauseMs=50'],
  ['uboot-2023', {}, 'eee-wake:p=0.5,idleMs=2+slow-flash:everyBlocks=50,pauseMs=50'],
  ['window', { windowsize: 16, timeoutMs: 2000 }, 'eee-wake:p=0.63,idleMs=3.5+slow-flash:everyBlocks=100,pauseMs=50'],
] as const)('%s gets its image once its first packets got through', (model, values, fault) => {
  const file = { name: 'sleeps', description: 'it sleeps', source: 'none', client: { model, ...values } }
  const device = { ...deviceFrom(file, 'sleeps.json'), faults: readFaults(fault) }
  const rows = Array.from({ length: BOOTS }, (_, i) => {
    const cell = { device, server: 'foresend', model: SERVERS.foresend, sizeBytes: 300_000, seed: i + 1 }
    return runCell(cell).row
  })
  const began = rows.filter(({ blocks }) => blocks > 1)
  expect(began.length).toBeGreaterThan(BOOTS / 2)
  for (const row of began) expect(isIntact(row)).toBe(true)
})
