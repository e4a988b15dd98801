/** docs/peers.md names a test or a decision in each row, and they are there. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/peers.md'), 'utf8')
const ROWS = PAGE.split('\n').filter((line) => /^\| (?!what \|)/.test(line))

test('the table has its rows', () => expect(ROWS.length).toBeGreaterThan(40))

describe('each row', () => {
  test.each(ROWS.map((row) => [row.split('|')[1]?.trim() ?? '', row]))('%s', (_, row) => {
    const [, , , shown = ''] = row.split('|')
    const links = [...shown.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)]
    expect(links.length).toBeGreaterThan(0)
    for (const [, text = '', target = ''] of links) {
      const path = join(ROOT, 'docs', target)
      expect(existsSync(path), target).toBe(true)
      // What is read and what is followed are one file.
      expect(join('docs', target)).toContain(text)
      if (target.endsWith('.test.ts')) expect(readFileSync(path, 'utf8'), target).toMatch(/\btest(\.|\()/)
    }
  })
})
