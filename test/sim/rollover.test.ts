import { describe, expect, test } from 'vitest'
import { LogHash } from './log-hash.ts'
import { CHEAP_ROLLOVERS, drawRollover, runScenario } from './scenario.ts'

/** Transfers of more than 65,535 blocks of 8 bytes: across the wrap of the block number, where U-Boot 1.1.x misplaces a repeated block 0. */
const CHUNK = 40
/** As in never-a-hole.test.ts. */
const LOGS: Readonly<Record<number, string>> = {
  1: 'cdbf9ca85c9cbe31',
}

describe('across the rollover', () => {
  for (let first = 1; first <= CHEAP_ROLLOVERS; first += CHUNK) {
    test(`seeds ${first} to ${first + CHUNK - 1}`, () => {
      const harm: string[] = []
      let intact = 0
      const log = new LogHash()
      for (let seed = first; seed < first + CHUNK; seed++) {
        const scenario = drawRollover(seed)
        const { verdict } = runScenario(scenario, log)
        if (verdict.harmful || verdict.kind === 'unfinished') harm.push(`${verdict.kind}: ${scenario.label}`)
        if (verdict.kind === 'intact') intact++
      }
      expect(harm).toEqual([])
      expect(intact).toBeGreaterThan(CHUNK * 0.6)
      expect(String(log)).toBe(LOGS[first])
    })
  }
})
