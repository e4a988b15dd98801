import { describe, expect, test } from 'vitest'
import { Pattern, PATTERN_MAX_BYTES, PROGRAM_MAX } from './pattern.ts'

/** Begin and end of the match. */
function match(pattern: string, name: string, ignoreCase = false): string | undefined {
  return Pattern.posix(pattern, ignoreCase).find(name)?.[0].join()
}

describe('a POSIX pattern', () => {
  test.each([
    ['the longest alternative', 'boot|bootx64', 'bootx64.efi', '0,7'],
    ['a backslash in brackets is a letter', '[\\]x]+', 'a\\x]', '1,4'],
    ['a bracket first in brackets', '[]a]+', 'b]a', '1,3'],
    ['and first in negated ones', '[^]a]+', ']ab', '2,3'],
    ['an escaped letter is that letter', '\\d', '1d', '1,2'],
    ['a digit class', '[[:digit:]]+', 'ab12c', '2,4'],
    ['words', '\\<b\\w+\\>', 'ab boot', '3,7'],
    ['a repetition of a repetition', 'a**', 'aaa', '0,3'],
    ['a repetition without a least number', '^a{,2}', 'aaa', '0,2'],
    ['an empty alternative', '^(|a)b', 'ab', '0,2'],
    ['an equivalence class', '[[=a=]]', 'ba', '1,2'],
    ['a brace and a bracket that close nothing', 'a}]', 'a}]', '0,3'],
    ['a parenthesis that closes nothing', 'a)', 'a)', '0,2'],
    ['an anchor within', 'a^', 'a', undefined],
    ['no end at a newline', 'a$', 'a\nb', undefined],
    ['a dot for a newline', 'a.b', 'a\nb', '0,3'],
    ['bytes above ASCII', '[\xe0-\xff]', 'a\xe9', '1,2'],
    ['protected white space and hash marks', 'a\\ \\#', 'a #', '0,3'],
  ])('%s', (_what, pattern, name, expected) => {
    expect(match(pattern, name)).toBe(expected)
  })

  test('folds ASCII letters alone when case does not count', () => {
    expect(match('PXE[a-c]', 'pxeB', true)).toBe('0,4')
    expect(match('[[:lower:]]', 'B', true)).toBe('0,1')
    // The Kelvin sign is a k for Unicode.
    expect(match('k', '\u212a', true)).toBeUndefined()
    expect(match('\xe9', '\xc9', true)).toBeUndefined()
    expect(match('[^a]', 'A', true)).toBeUndefined()
  })

  test('sees no begin and no text before it behind the start', () => {
    expect(Pattern.posix('^a', false).find('aa', 1)).toBeUndefined()
    expect(Pattern.posix('\\<b', false).find('ab', 1)).toEqual([[1, 2]])
  })

  test.each([
    ['*a', /\* with nothing before it/],
    ['a|+', /\+ with nothing before it/],
    ['^*', /\* with nothing before it/],
    ['a{1', /begins no repetition/],
    ['a{2,1}', /end is below its begin/],
    ['(a', /\( without its \)/],
    ['[a', /\[ without its \]/],
    ['[z-a]', /range in brackets whose end/],
    ['[[:word:]]', /unknown class \[:word:\]; known are alnum/],
    ['[[.x.y.]]', /unknown character name/],
    ['a\\', /ends in a backslash/],
    ['(a)\\1', /refers back to group 1/],
    ['a{1001}', /more than 1000 times/],
    ['(a?){300}a{300}', /too costly|ms for a hostile name/],
    [`${'('.repeat(101)}${')'.repeat(101)}`, /nested more than 100/],
    ['a'.repeat(PATTERN_MAX_BYTES + 1), /513 bytes, 512 at most/],
  ])('is refused: %s', (pattern, message) => {
    expect(() => Pattern.posix(pattern, false)).toThrow(message)
  })

  test('has a bounded size', () => {
    expect(Pattern.posix('^/tftpboot/([^/]+)/(.*)$', false).size).toBeLessThan(50)
    expect(() => Pattern.posix(`a{${PROGRAM_MAX}}`, false)).toThrow(/too costly/)
  })
})
