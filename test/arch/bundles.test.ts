/** What the bundler makes of the pure floors is as pure as they are: a shared chunk could bring a Node module along. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PACKAGE } from '../support/launcher.ts'
import { importsOf } from './imports.ts'

/** Everything outside the package that `file` needs, directly or through others of its files. */
function outsideOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const names = importsOf(readFileSync(file, 'utf8')).map(({ specifier }) => specifier)
  return names.flatMap((name) => (name.startsWith('.') ? outsideOf(join(file, '..', name), seen) : [name]))
}

test.each(['packet', 'transfer', 'lab', 'capture'])('foresend/%s imports nothing from outside the package', (name) => {
  expect(outsideOf(join(PACKAGE, 'dist', name, 'index.js'))).toEqual([])
})

test('foresend/server does', () => {
  expect(outsideOf(join(PACKAGE, 'dist', 'server', 'index.js'))).toContain('node:fs')
})
