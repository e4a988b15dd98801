import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fitsName } from './name-glob.ts'

test.each<[string, string, boolean]>([
  ['*.cfg', 'a.cfg', true],
  ['*.cfg', 'phones/a.cfg', true],
  ['*.cfg', 'a.cfg.bak', false],
  ['phones/*', '/phones/a', true],
  ['/phones/*', 'phones/', true],
  ['phones/*', 'phone/a', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['*', '', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['[a]', 'a', false],
  ['A.bin', 'a.bin', false],
])('%s and %s: %s', (pattern, name, fits) => expect(fitsName(pattern, name, 'linux')).toBe(fits))

test('case does not count where it does not count for files', () => {
  expect(fitsName('Secret/*', 'SECRET/x', 'win32')).toBe(true)
  expect(fitsName('Secret/*', 'SECRET/x', 'darwin')).toBe(true)
})

test('as a regular expression says, for any pattern', () => {
  const text = fc.stringMatching(/^[ab/]{0,8}$/)
  fc.assert(
    fc.property(fc.stringMatching(/^[ab*?]{0,7}$/), text, (pattern, name) => {
      const source = pattern.replaceAll('*', '.*').replaceAll('?', '.')
      const bare = name.startsWith('/') ? name.slice(1) : name
      expect(fitsName(pattern, name, 'linux')).toBe(new RegExp(`^${source}$`).test(bare))
    }),
  )
})

test('a hostile name costs no time', () => {
  const began = performance.now()
  expect(fitsName('*a*a*a*a*a*a*a*a*b', 'a'.repeat(10_000), 'linux')).toBe(false)
  expect(performance.now() - began).toBeLessThan(1000)
})
