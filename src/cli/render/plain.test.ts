import { expect, test } from 'vitest'
import { plain } from './plain.ts'

test.each([
  ['C:\\images\\ä 100%.bin', 'C:\\images\\ä 100%.bin'],
  ['a\x1b[31mb\nc\x9b', 'a\\x1b[31mb\\x0ac\\x9b'],
  ['exe\u202egnp\u2028', 'exe\\u{202e}gnp\\u{2028}'],
])('%j', (text, shown) => expect(plain(text)).toBe(shown))
