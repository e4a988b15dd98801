import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { GUIDE, withOutput } from '../../scripts/guide.ts'

test('what docs/guide/diagnose.md shows is what the command says (node scripts/guide.ts)', async () => {
  const page = readFileSync(GUIDE, 'utf8')
  expect(await withOutput(page)).toBe(page)
})
