/** What the page takes from the rest: types, and code that needs neither Node nor a package. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const FOLDER = import.meta.dirname
/** They import nothing. */
const SHARED = ['packet/block.ts', 'cli/render/units.ts', 'cli/render/sentence.ts']
const PACKAGES = /^(preact|preact\/hooks|@preact\/signals|eventsource-parser|uplot|uplot\/dist\/uPlot\.min\.css)$/

test('the page imports types of the server, three small files of it, and its own packages', () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  for (const file of files.filter((name) => /(?<!\.test)\.tsx?$/.test(name))) {
    const source = readFileSync(join(FOLDER, file), 'utf8')
    for (const [, words = '', from] of source.matchAll(
      /(?:^|\n)(import type|import|export)\b(?:[^'"=]*?\bfrom)?\s*['"]([^'"]+)['"]/g,
    )) {
      const shared = /^(?:\.\.\/)+src\/(.*)$/.exec(from)?.[1]
      const isFine =
        shared === undefined
          ? from.startsWith('.') || PACKAGES.test(from)
          : words === 'import type' || SHARED.includes(shared)
      expect(`${file}: ${from} ${isFine ? 'is fine' : 'is not for a browser'}`).toBe(`${file}: ${from} is fine`)
    }
  }
  for (const name of SHARED)
    expect(readFileSync(join(FOLDER, '../../src', name), 'utf8')).not.toMatch(/^import(?! type)/m)
})
