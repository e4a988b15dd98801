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
  1: '0b746b0adca58fe0',
  2501: '095189e09673441a',
  5001: '6eb09b9ae7a67cf8',
  7501: 'e62cb5c05d0a632f',
  10001: 'd376bf8f4afca4b3',
  12501: 'ce1463e07e5da8b0',
  15001: 'f34ced83defd1e18',
  17501: '322b7821c094d1d5',
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
