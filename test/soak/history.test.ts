import { expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { killOverAndOver, startWriter } from './history-kill.ts'

test('a history whose process is killed six times opens each time, and has lost nothing that was there', async () => {
  const folder = tempFolder()
  const { rows, early, opensMs, faults } = await killOverAndOver({
    folder,
    kills: 6,
    seed: 1,
    start: startWriter(folder),
  })
  expect(faults).toEqual([])
  expect(early).toBeLessThan(6)
  expect(Math.max(...opensMs)).toBeLessThan(2000)
  expect(rows.transfers).toBeGreaterThan(0)
})
