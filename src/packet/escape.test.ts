import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ESCAPED_TEXT_MAX, escapeText } from './index.ts'

test.each([
  ['', ''],
  ['boot/grub.cfg', 'boot/grub.cfg'],
  ['two words', 'two words'],
  ['straße 路由器', 'straße 路由器'],
  ['a\nb\r\t', 'a\\x0ab\\x0d\\x09'],
  ['\x1b[2J', '\\x1b[2J'],
  ['C:\\boot', 'C:\\\\boot'],
  ['\x7f\x85\x9b', '\\x7f\\x85\\x9b'],
  ['\xa0', '\\xa0'],
  ['abc\u202etxt.exe', 'abc\\u{202e}txt.exe'],
  ['\u2028\ufeff', '\\u{2028}\\u{feff}'],
  ['\ud800', '\\u{d800}'],
  ['\u{e0001}', '\\u{e0001}'],
  ['😀', '😀'],
])('%j is shown as %j', (raw, shown) => expect(escapeText(raw)).toBe(shown))

test('long text is cut, never inside an escape or a character', () => {
  expect(escapeText('n'.repeat(256))).toBe('n'.repeat(256))
  expect(escapeText('n'.repeat(257))).toBe(`${'n'.repeat(256)}…`)
  expect(escapeText(`${'n'.repeat(254)}\x1b`)).toBe(`${'n'.repeat(254)}…`)
  expect(escapeText(`${'n'.repeat(255)}😀`)).toBe(`${'n'.repeat(255)}…`)
  expect(escapeText(`\\${'n'.repeat(253)}😀`)).toBe(`\\\\${'n'.repeat(253)}…`)
  expect(escapeText('\0'.repeat(60_000))).toBe(`${'\\x00'.repeat(64)}…`)
})

test('whatever comes in, one short printable line comes out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (raw) => {
      const shown = escapeText(raw)
      expect(shown.length).toBeLessThanOrEqual(ESCAPED_TEXT_MAX + 1)
      expect(shown).not.toMatch(/(?! )[\p{C}\p{Z}]/u)
    }),
    { numRuns: 500 },
  )
})
