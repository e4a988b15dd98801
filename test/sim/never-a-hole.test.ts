import { describe, expect, test } from 'vitest'
import { LogHash } from './log-hash.ts'
import { drawScenario, runScenario } from './scenario.ts'

/** Every device x fault x policy, drawn by seed: the device ends with the identical file, or both sides know that it failed. */
const TRANSFERS = 20_000
const CHUNK = 2_500
/**
 * What the links of each chunk carried, as a digest. A change that claims to keep the behaviour leaves them as they are; a change of
 * a rule gives new ones, and its commit says what it did to the figures.
 */
const LOGS: Readonly<Record<number, string>> = {
  1: '2ec121d7b274c561',
  2501: '8ac837830cb3a0d3',
  5001: 'ce3b41ec3daba696',
  7501: 'd5b93efb40d29624',
  10001: '1d6ae08005cbb833',
  12501: '589cd15bf2d19d60',
  15001: '08c16569bc8e34e9',
  17501: '07ff30a8756f9a73',
}

describe('never a hole', () => {
  for (let first = 1; first <= TRANSFERS; first += CHUNK) {
    test(`seeds ${first} to ${first + CHUNK - 1}`, () => {
      const harm: string[] = []
      let intact = 0
      const log = new LogHash()
      for (let seed = first; seed < first + CHUNK; seed++) {
        const scenario = drawScenario(seed)
        const { verdict } = runScenario(scenario, log)
        if (verdict.harmful || verdict.kind === 'unfinished') harm.push(`${verdict.kind}: ${scenario.label}`)
        if (verdict.kind === 'intact') intact++
      }
      expect(harm).toEqual([])
      // Most of these devices can be served: a sender that always gave up would do no harm either.
      expect(intact).toBeGreaterThan(CHUNK * 0.85)
      expect(String(log)).toBe(LOGS[first])
    })
  }
})
