import fc from 'fast-check'
import { parse, stringify } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { keyLines, lineOf } from './toml-lines.ts'

const TEXT = `# [no.table]
a = "#[x]" # b = 1
b = [ # ] comment
  "]", '''
c = 1
''',
]
"quo.ted" = """
[t]
d = 1\\"""" # four quotes

[t]
e.f = { g = 1, h = [ 2,
] }
[[rule]]
client = 1

  [[ rule ]]
file = 2
[rule.more]
x = 3
`

describe('the line of a key', () => {
  const lines = keyLines(TEXT)

  test('the text is TOML', () => expect(Object.keys(parse(TEXT))).toEqual(['a', 'b', 'quo.ted', 't', 'rule']))

  test.each<[(string | number)[], number | undefined]>([
    [['a'], 2],
    [['b'], 3],
    [['c'], undefined],
    [['quo.ted'], 8],
    [['t'], 12],
    [['t', 'e', 'f'], 13],
    [['t', 'e', 'f', 'g'], 13],
    [['rule'], 15],
    [['rule', 0, 'client'], 16],
    [['rule', 1], 18],
    [['rule', 1, 'file'], 19],
    [['rule', 1, 'more', 'x'], 21],
    [['nothing'], undefined],
  ])('%j', (path, line) => expect(lineOf(lines, path)).toBe(line))

  test('each key of any table is found on the line that has it', () => {
    const value = fc.oneof(fc.integer({ min: -99, max: 99 }), fc.boolean(), fc.string(), fc.array(fc.string()))
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z][a-z-]{0,8}$/), value, { maxKeys: 8 }), (table) => {
        const text = stringify(table)
        const found = keyLines(text)
        for (const key of Object.keys(parse(text))) {
          expect(text.split('\n')[(found.get(key) ?? 0) - 1]?.startsWith(key)).toBe(true)
        }
      }),
    )
  })
})
