import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkConfigText, problemText } from './read-file.ts'

function problems(text: string): string[] {
  return checkConfigText(text, 'f.toml').problems.map((problem) => problemText('f.toml', problem))
}

describe('mistakes', () => {
  test.each<[string, string, readonly RegExp[]]>([
    ['an unknown key', '# a\n\nwindwo = 2', [/^f\.toml:3: windwo: unknown key; did you mean window\?$/]],
    ['the name of a member', 'maxTransfers = 2', [/^f\.toml:1: maxTransfers: unknown key; did you mean max-transfers/]],
    ['a number in quotes', 'port = "69"', [/^f\.toml:1: port: it takes a number, without quotes$/]],
    ['a number out of bounds', 'port = 65536', [/^f\.toml:1: port: it takes a UDP port: .* 65535$/]],
    ['a text for a switch', 'writable = "yes"', [/writable: it takes true or false/]],
    ['a date', 'window = 2026-11-27', [/window: it takes a word in quotes, or a number/]],
    [
      'a bad item of a list',
      'port = 69\nallow = [\n "10.0.0.0/8",\n "lan" ]',
      [/^f\.toml:2: allow: it takes a network/],
    ],
    ['a list in a list', 'allow = [["10.0.0.0/8"]]', [/allow: it takes a text in quotes, or several/]],
    ['a table', '[port]\nx = 1', [/^f\.toml:1: port: it takes a number/]],
    [
      'a rule with an unknown key',
      '[[rule]]\nclinet = "10.0.0.1"\n[[rule]]\nwindow = 99',
      [/^f\.toml:2: clinet: unknown key; did you mean client\?/, /^f\.toml:4: window: it takes auto/],
    ],
    ['a rule that is a word', 'rule = "x"', [/^f\.toml:1: rule: it takes tables/]],
    ['no TOML', 'port = 69\nhost = ', [/^f\.toml:2: this is no TOML: [^\n]+$/]],
    ['two that contradict', 'window = 2\n\nanticipation = 100', [/^f\.toml:1: --window and --anticipation/]],
    ['one that needs another', 'port = 1\noverwrite = true', [/^f\.toml:2: --overwrite .*--writable/]],
    [
      'one of three that need another',
      'port = 1\nmulticast-ttl = 2',
      [/^f\.toml:2: --multicast-ports, --multicast-ttl/],
    ],
    ['a number that is too small', 'max-window-bytes = 1', [/^f\.toml:1: --max-window-bytes 1 is not right: it takes/]],
    ['several', 'x = 1\ny = 2', [/^f\.toml:1: x: unknown key/, /^f\.toml:2: y: unknown key/]],
  ])('%s', (_, text, expected) => {
    const found = problems(text)
    expect(found).toHaveLength(expected.length)
    expected.forEach((pattern, index) => expect(found[index]).toMatch(pattern))
  })

  test('a mark of UTF-8 in front is none', () => expect(problems('\uFEFFport = 69\r\n')).toEqual([]))

  test('no text throws, and each mistake is one line', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        for (const problem of problems(text)) expect(problem).not.toMatch(/[\r\n]/)
      }),
    )
  })
})
