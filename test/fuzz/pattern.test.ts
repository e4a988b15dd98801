import { expect, test } from 'vitest'
import { loadGlibc } from './glibc-regex.ts'
import { fuzzPatterns } from './pattern-fuzz.ts'

/** `npm run fuzz -- rules` does more. */
const CASES = 3000

test('POSIX patterns match what those of glibc match', (context) => {
  const functions = loadGlibc() ?? context.skip('needs glibc and koffi')
  const report = fuzzPatterns(functions, CASES, 20_261_127)
  expect(report.wrong).toEqual([])
  // The comparison reached what it was made for.
  expect(report.matched).toBeGreaterThan(CASES / 3)
  expect(report.refused).toBeGreaterThan(500)
  expect(report.strict).toBeLessThan(100)
  expect(report.groups).toBeLessThan(CASES / 100)
})
