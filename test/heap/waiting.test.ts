import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const PROGRAM = fileURLToPath(new URL('waiting.ts', import.meta.url))
/** Thousands of transfers wait at once, and each object costs a look by every collection. */
const MOST_OBJECTS = 15
const MOST_BYTES = 2600

test('a waiting transfer holds at most 15 heap objects, strings and numbers aside, in 2600 bytes', () => {
  const found = JSON.parse(execFileSync(process.execPath, ['--expose-gc', PROGRAM], { encoding: 'utf8' })) as {
    objects: number
    bytes: number
  }
  // The tables of the endpoint grow by a few objects as well.
  expect(Math.round(found.objects)).toBeLessThanOrEqual(MOST_OBJECTS)
  expect(found.objects).toBeGreaterThan(5)
  expect(found.bytes).toBeLessThanOrEqual(MOST_BYTES)
}, 60_000)
