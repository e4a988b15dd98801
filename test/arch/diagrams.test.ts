import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withDiagrams } from '../../scripts/diagrams.ts'

test('the diagrams of ARCHITECTURE.md are those of the transition tables (npm run diagrams)', () => {
  const page = readFileSync(new URL('../../ARCHITECTURE.md', import.meta.url), 'utf8')
  expect(page).toContain('stateDiagram-v2')
  expect(withDiagrams(page)).toBe(page)
})
