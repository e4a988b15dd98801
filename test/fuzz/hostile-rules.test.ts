import { expect, test } from 'vitest'
import { SEARCH_MAX_MS } from '../../src/content/remap/pattern.ts'
import { Rng } from '../../src/lab/rng.ts'
import { hostileRules } from './hostile-rules.ts'

/** `npm run fuzz -- rules` does more. */
const RANDOM = 30

test('a pattern that takes long for a hostile name is refused when it is loaded', () => {
  const { accepted, refused, worstMs, worst } = hostileRules(RANDOM, new Rng(20_261_127))
  expect(worstMs, worst).toBeLessThan(SEARCH_MAX_MS)
  expect(accepted).toBeGreaterThan(15)
  expect(refused).toBeGreaterThan(15)
})
