import fc from 'fast-check'
import { expect, test } from 'vitest'
import { visible } from './visible.ts'

test.each([
  ['recovery.bin', 'recovery.bin'],
  ['boot\\x64\\wdsnbp.com', 'boot\\x64\\wdsnbp.com'],
  ['<b onclick=alert(1)>', '<b onclick=alert(1)>'],
  ['mühle 路由器.bin', 'mühle 路由器.bin'],
  ['\u202Enib.exe', '\\u{202e}nib.exe'],
  ['\u2066a\u2069', '\\u{2066}a\\u{2069}'],
  ['\u001B[31mred\u0007', '\\u{1b}[31mred\\u{7}'],
  ['a\u0085b\u009Bc', 'a\\u{85}b\\u{9b}c'],
  ['a\nb\r\tc\0', 'a\\u{a}b\\u{d}\\u{9}c\\u{0}'],
  ['\uD800x\uDFFF', '\\u{d800}x\\u{dfff}'],
  ['no\u00A0break\u200B\uFEFF', 'no\\u{a0}break\\u{200b}\\u{feff}'],
  ['😀', '😀'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown)
})

test('no control, format character or lone surrogate is left in any text, and the rest stays', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 900 }), (text) => {
      const shown = visible(text)
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      expect(visible(shown.slice(0, 500))).toBe(shown.slice(0, 500))
    }),
  )
})

test('a text longer than a request is cut', () => {
  expect(visible('a'.repeat(10_000))).toBe(`${'a'.repeat(600)}…`)
})
