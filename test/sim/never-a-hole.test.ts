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
  1: '33ab2f38cba48b5b',
  2501: '559a974f347c83ba',
  5001: '2bcbee61a2052798',
  7501: '7fe812ddb7ffcdec',
  10001: '432a881ba96c8e88',
  12501: 'e9252bafc743bc05',
  15001: 'a1d5af1f7ecb80ff',
  17501: '8b8a06182191f517',
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
