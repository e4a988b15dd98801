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
  1: 'aa0456f03a28ddfa',
  2501: '3402f0e0e26b7682',
  5001: '5200c8038d0b7268',
  7501: '2f98a4a05f7b24ae',
  10001: 'dfc763a67c3f85e6',
  12501: 'a5e545b65ce47578',
  15001: '85bc2ac8e29e3bec',
  17501: '5cedc55e2d79d0ca',
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
