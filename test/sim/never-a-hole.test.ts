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
  1: 'a0f84fc2b6c71e04',
  2501: 'ca8d6463f7673169',
  5001: 'f3e7239600ea80f7',
  7501: 'b82c3a0730b2caa2',
  10001: '478ad18a9e0a8d0b',
  12501: '417f0bb3ae7ccb82',
  15001: '14d06bc29b8688c7',
  17501: '43e859a40f0b707f',
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
