import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codeSpans } from './code-spans.ts'

test.each([
  ['', ['']],
  ['no command', ['no command']],
  ['run again with `--window 2`', ['run again with ', '--window 2', '']],
  ['`ip addr` or `ip link`', ['', 'ip addr', ' or ', 'ip link', '']],
  ['one ` alone', ['one ` alone']],
  ['`` empty', ['`` empty']],
  ['a `b` and ` alone', ['a ', 'b', ' and ` alone']],
  ['`not\nover` lines', ['`not\nover` lines']],
])('%j', (text, parts) => {
  expect(codeSpans(text)).toEqual(parts)
})

test('nothing is lost, and no command holds a backtick', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('`', 'a', ' ', '\n', '<', 'é') }), (text) => {
      const parts = codeSpans(text)
      expect(parts.map((part, index) => (index % 2 === 0 ? part : `\`${part}\``)).join('')).toBe(text)
      for (const command of parts.filter((_, index) => index % 2 === 1)) expect(command).toMatch(/^[^`\n]+$/)
    }),
  )
})
