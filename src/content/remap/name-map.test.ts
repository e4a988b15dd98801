import { describe, expect, test } from 'vitest'
import { type Mapped, NameMap, type Step } from './name-map.ts'

const WITHOUT_FILES = (): boolean => false

function apply(rules: string, name: string, more: { address?: string; put?: boolean; files?: string[] } = {}): Mapped {
  const { address = '192.0.2.169', put = false, files = [] } = more
  const map = new NameMap({ file: 'tftpd.rules', text: rules })
  return map.apply({ name, direction: put ? 'write' : 'read', address }, (file) => files.includes(file))
}

/** The name that comes out. */
function mapped(rules: string, name: string, more?: Parameters<typeof apply>[2]): string {
  const result = apply(rules, name, more)
  return result.type === 'name' ? result.name : `refused: ${result.text ?? ''}`
}

describe('an operation', () => {
  test.each([
    ['r replaces one match', 'r a b', 'aaa', 'baa'],
    ['r without a replacement removes it', 'r a', 'xa', 'x'],
    ['rg replaces until nothing matches', 'rg \\\\ /', '\\a\\b', '/a/b'],
    ['rg begins anew each time', 'rg ab', 'aabb', ''],
    ['rgg goes on behind what it wrote', 'rgg a aa', 'aba', 'aabaa'],
    ['rgg knows the begin only once', 'rgg ^a b', 'aa', 'ba'],
    ['i ignores case', 'ri BOOT x', 'boot', 'x'],
    ['e ends', 're ^a b\nr b c', 'a', 'b'],
    ['without e the next rule follows', 'r ^a b\nr b c', 'a', 'c'],
    ['s starts again at the first rule', 'r ^b c\nrs ^a b', 'a', 'c'],
    ['~ where nothing matches', 'e~ ^/\nr ^ x', 'a', 'a'],
    ['~ where something matches', 'e~ ^/\nr ^/ x', '/a', 'xa'],
    ['j jumps', 'j ^a end\nr ^ x\n:end\nr $ y', 'a', 'ay'],
    ['j jumps nowhere else', 'j ^a end\nr ^ x\n:end\nr $ y', 'b', 'xby'],
    ['j takes groups into the label', 'j ^(.) to-\\1\nr ^ x\n:to-a\nr $ y', 'a', 'ay'],
  ])('%s', (_what, rules, name, expected) => {
    expect(mapped(rules, name)).toBe(expected)
  })

  test('a refuses with its text, or with none', () => {
    expect(apply('a ^/etc No\\ \\0\\ for\\ \\i', '/etc/x')).toEqual({
      type: 'refused',
      reason: 'tftpd.rules:1 refuses it',
      text: 'No /etc for 192.0.2.169',
    })
    expect(apply('# none\na ^/etc', '/etc/x')).toEqual({
      type: 'refused',
      reason: 'tftpd.rules:2 refuses it',
      text: undefined,
    })
  })

  test('G and P: for one direction', () => {
    expect([mapped('rG ^ x', 'a'), mapped('rG ^ x', 'a', { put: true })]).toEqual(['xa', 'a'])
    expect([mapped('rP ^ x', 'a'), mapped('rP ^ x', 'a', { put: true })]).toEqual(['a', 'xa'])
  })

  test('4 and 6: for one family, and IPv4 within IPv6 is IPv4', () => {
    const rules = 'r4 ^ four/\nr6 ^ six/'
    expect(mapped(rules, 'a')).toBe('four/a')
    expect(mapped(rules, 'a', { address: '2001:db8::1' })).toBe('six/a')
    expect(mapped(rules, 'a', { address: '::ffff:192.0.2.1' })).toBe('four/a')
    expect(mapped(rules, 'a', { address: 'fe80::1%eth0' })).toBe('six/a')
  })

  test('E ends where the file is there, and undoes the rule where it is not', () => {
    const rules = 'rE ^ new/\nr ^ old/'
    expect(mapped(rules, 'a', { files: ['new/a'] })).toBe('new/a')
    expect(mapped(rules, 'a')).toBe('old/a')
  })
})

describe('a replacement', () => {
  test.each([
    ['groups', 'r ^(.*)/(.*)$ \\2@\\1=\\0', 'a/b', 'b@a=a/b'],
    ['a group that took no part', 'r ^(a)|(b) [\\1\\2\\9]', 'b', '[b]'],
    ['the address', 'r ^ \\i/', 'a', '192.0.2.169/a'],
    ['the address in hexadecimal', 'r ^ \\x/', 'a', 'C00002A9/a'],
    ['backslash, space, tab and hash mark', 'r ^ \\\\\\ \\#', 'a', '\\ #a'],
    ['letters upper case, lower case and as they are', 'r ^(.*)$ \\Ux\\1\\L\\1\\E\\1', 'aB', 'XABabaB'],
    ['a plain escaped letter', 'r ^ \\q', 'a', 'qa'],
    ['a comment behind it', 'r ^a b# c', 'a', 'b'],
    ['UTF-8 as bytes', 'r \xc3\xa9 e', 'caf\xc3\xa9', 'cafe'],
  ])('%s', (_what, rules, name, expected) => {
    expect(mapped(rules, name)).toBe(expected)
  })

  test('the address of IPv6 in both forms', () => {
    expect(mapped('r ^ \\i/\\x/', 'a', { address: '2001:db8::1' })).toBe(
      '2001:db8::1/20010DB8000000000000000000000001/a',
    )
  })
})

describe('rules that come to no end', () => {
  test.each([
    [
      'g that writes what it looks for',
      'rg a a',
      /tftpd.rules come to no end after 4096 steps, the last at tftpd.rules:1/,
    ],
    ['s in a circle', 'r ^ x\nr x\ns .', /no end after 4096 steps/],
    ['jumps in a circle', ':a\nj ^ a', /no end after 4096 steps/],
    ['a name that grows', 'rg a aa', /tftpd.rules:1 makes the name longer than 512 bytes/],
    ['a name that doubles', 'r (.*) \\1\\1\ns .', /longer than 512 bytes/],
    ['a label that is nowhere', 'j ^(.) \\1', /jumps to the label "a", which is not in the file; add a line :a/],
  ])('%s', (_what, rules, message) => {
    expect(apply(rules, 'a')).toMatchObject({
      type: 'refused',
      text: 'Remap table failure',
      reason: expect.stringMatching(message),
    })
  })

  test('costly searches for one name', () => {
    const rule = 'r ([[:alnum:]_-]{1,100})x \\1x\n'
    expect(apply(rule.repeat(40), `${'a'.repeat(510)}x`)).toMatchObject({
      reason: expect.stringMatching(/take too long/),
    })
  })
})

describe('results', () => {
  test('are kept apart by client only where the rules use it, and by direction and family always', () => {
    const map = new NameMap({ file: 'm', text: 'r ^ \\i/' })
    const ask = (address: string): Mapped => map.apply({ name: 'a', direction: 'read', address }, WITHOUT_FILES)
    expect([ask('10.0.0.1'), ask('10.0.0.2'), ask('10.0.0.1')]).toEqual(
      ['10.0.0.1', '10.0.0.2', '10.0.0.1'].map((address) => ({ type: 'name', name: `${address}/a` })),
    )
    const both = new NameMap({ file: 'm', text: 'rG ^ get/\nrP ^ put/\nr6 ^ six/' })
    const names = (['read', 'write'] as const).flatMap((direction) =>
      ['10.0.0.1', '::1'].map((address) => both.apply({ name: 'a', direction, address }, WITHOUT_FILES)),
    )
    expect(names).toMatchObject(['get/a', 'six/get/a', 'put/a', 'six/put/a'].map((name) => ({ name })))
  })

  test('of rules that look at files are not kept', () => {
    const map = new NameMap({ file: 'm', text: 'rE ^ new/' })
    const ask = (isThere: boolean): Mapped =>
      map.apply({ name: 'a', direction: 'read', address: '10.0.0.1' }, () => isThere)
    expect([ask(false), ask(true)]).toEqual([
      { type: 'name', name: 'a' },
      { type: 'name', name: 'new/a' },
    ])
  })

  test('each step can be watched', () => {
    const steps: Step[] = []
    const map = new NameMap({ file: 'm', text: 'r ^/ x\n\nre ^b c\nrP ^ p' })
    map.apply({ name: 'b', direction: 'read', address: '10.0.0.1' }, WITHOUT_FILES, (step) => steps.push(step))
    expect(steps).toMatchObject([
      { rule: { line: 1, text: 'r ^/ x' }, matched: false, before: 'b', after: 'b', outcome: 'next' },
      { rule: { line: 3 }, matched: true, before: 'b', after: 'c', outcome: 'end' },
    ])
  })
})

describe('a map file', () => {
  test.each([
    ['x ^a b', 'tftpd.rules:1: "x" is no operation'],
    ['\n# comment\nr', 'tftpd.rules:3: the pattern is missing'],
    ['r~ a b', 'tftpd.rules:1: r and ~ cannot stand in one rule'],
    ['ra a b', 'r and a cannot stand in one rule'],
    ['GP a', 'G and P cannot stand in one rule'],
    ['j a', 'the label to jump to is missing'],
    ['j a nowhere', 'there is no label nowhere; add a line :nowhere'],
    [':a\n:a', 'tftpd.rules:2: the label a is there twice'],
    ['r (a b', 'tftpd.rules:1: the pattern has a ( without its )'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => new NameMap({ file: 'tftpd.rules', text })).toThrow(
      expect.objectContaining({ code: 'ERR_TFTP_USAGE', message: expect.stringContaining(message) }),
    )
  })

  test('has a thousand rules at most', () => {
    expect(() => new NameMap({ file: 'm', text: 'r ^a b\n'.repeat(1001) })).toThrow(
      'm:1001: there are more than 1000 rules',
    )
  })

  test('with the line ends of Windows, blank lines and comments', () => {
    expect(mapped('# a\r\n\r\n   \r\nr ^a b # c\r\n\tr ^b c\r\n', 'a')).toBe('c')
  })
})
