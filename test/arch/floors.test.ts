import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { importsOf } from './imports.ts'
import { type Tree, violations } from './rules.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('the source tree', () => {
  test('keeps the floors, has no cycle, and its pure floors are pure', () => {
    const tree = readTree(['src', 'test', 'bench', 'scripts'])
    expect(tree.has('src/error.ts')).toBe(true)
    expect(tree.size).toBeGreaterThan(20)
    expect(violations(tree)).toEqual([])
  })
})

describe('the checker itself', () => {
  const cases: readonly { what: string; files: Record<string, string>; found: RegExp | undefined }[] = [
    {
      what: 'an import downwards is fine',
      files: { 'src/transfer/a.ts': "import { b } from '../packet/b.ts'\n", 'src/packet/b.ts': 'export const b = 1\n' },
      found: undefined,
    },
    {
      what: 'an import upwards',
      files: { 'src/packet/a.ts': "import { b } from '../transfer/b.ts'\n", 'src/transfer/b.ts': '' },
      found: /src\/packet\/a\.ts: imports \.\.\/transfer\/b\.ts, but packet is on floor 0/,
    },
    {
      what: 'an import of a type upwards',
      files: { 'src/packet/a.ts': "import type { B } from '../cli/b.ts'\n", 'src/cli/b.ts': '' },
      found: /floor 6/,
    },
    {
      what: 'a re-export over several lines upwards',
      files: { 'src/packet/a.ts': "export {\n  b,\n} from '../server/b.ts'\n", 'src/server/b.ts': '' },
      found: /floor 4/,
    },
    {
      what: 'a dynamic import upwards',
      files: { 'src/lab/a.ts': "const b = await import('../io/b.ts')\n", 'src/io/b.ts': '' },
      found: /floor 3/,
    },
    {
      what: 'endpoint may use transfer',
      files: { 'src/endpoint/a.ts': "import { b } from '../transfer/b.ts'\n", 'src/transfer/b.ts': '' },
      found: undefined,
    },
    {
      what: 'transfer may not use endpoint',
      files: { 'src/transfer/a.ts': "import { b } from '../endpoint/b.ts'\n", 'src/endpoint/b.ts': '' },
      found: /transfer is on floor 1 and endpoint on floor 1/,
    },
    {
      what: 'lab may not use capture',
      files: { 'src/lab/a.ts': "import '../capture/b.ts'\n", 'src/capture/b.ts': '' },
      found: /lab is on floor 2/,
    },
    {
      what: 'a folder without a floor',
      files: { 'src/misc/a.ts': '' },
      found: /src\/misc has no floor/,
    },
    {
      what: 'a Node module on a pure floor',
      files: { 'src/lab/a.ts': "import { readFileSync } from 'node:fs'\n" },
      found: /imports node:fs/,
    },
    {
      what: 'a package on a pure floor',
      files: { 'src/packet/a.ts': "import * as v from 'valibot'\n" },
      found: /imports valibot/,
    },
    { what: 'a Node module above', files: { 'src/io/a.ts': "import 'node:fs'\n" }, found: undefined },
    {
      what: 'a test on a pure floor',
      files: { 'src/packet/a.test.ts': "import 'node:fs'\nDate.now()\n" },
      found: undefined,
    },
    { what: 'a clock', files: { 'src/transfer/a.ts': 'const t = Date.now()\n' }, found: /a\.ts:1: uses Date/ },
    { what: 'a timer', files: { 'src/lab/a.ts': '\nsetTimeout(f, 1)\n' }, found: /a\.ts:2: uses setTimeout/ },
    { what: 'chance', files: { 'src/lab/a.ts': 'const r = Math.random()\n' }, found: /uses Math\.random/ },
    { what: 'a Buffer', files: { 'src/packet/a.ts': 'const b = Buffer.alloc(1)\n' }, found: /uses Buffer/ },
    {
      what: 'forbidden words in comments, strings, members and keys',
      files: {
        'src/lab/a.ts':
          "// Date\n/* process */ const s = 'Buffer' + x.process + `Date`\nconst o = { fetch: 1 }\nconst r = /Date/\n",
      },
      found: undefined,
    },
    {
      what: 'a cycle',
      files: {
        'src/packet/a.ts': "import { b } from './b.ts'\n",
        'src/packet/b.ts': "import { c } from './c.ts'\n",
        'src/packet/c.ts': "export { a } from './a.ts'\n",
      },
      found: /cycle: src\/packet\/a\.ts > src\/packet\/b\.ts > src\/packet\/c\.ts > src\/packet\/a\.ts/,
    },
    {
      what: 'a cycle of types',
      files: {
        'src/packet/a.ts': "import type { B } from './b.ts'\n",
        'src/packet/b.ts': "import { a } from './a.ts'\n",
      },
      found: /cycle: src\/packet\/a\.ts > src\/packet\/b\.ts/,
    },
    {
      what: 'a file that is not there',
      files: { 'src/packet/a.ts': "import './b.ts'\n" },
      found: /b\.ts, which is not there/,
    },
    {
      what: 'the keyword private',
      files: { 'test/a.ts': 'class A {\n  private readonly b = 1\n}\n' },
      found: /a\.ts:2: write #name/,
    },
    {
      what: 'the keyword private, all in one line',
      files: { 'test/a.ts': 'class A { private b = 1 }\n' },
      found: /a\.ts:1: write #name/,
    },
    {
      what: 'a private constructor, and the word in a text',
      files: { 'src/packet/a.ts': "class A {\n  private constructor() {}\n}\nconst b = 'private x'\n" },
      found: undefined,
    },
    { what: 'a very long file', files: { 'src/packet/a.ts': '\n'.repeat(601) }, found: /601 lines/ },
    { what: 'a file of some length', files: { 'src/packet/a.ts': '\n'.repeat(600) }, found: undefined },
  ]

  test.each(cases)('$what', ({ files, found }) => {
    const problems = violations(new Map(Object.entries(files)))
    if (found === undefined) expect(problems).toEqual([])
    else expect(problems.join('\n')).toMatch(found)
  })

  test('finds imports and nothing that only looks like one', () => {
    const source = [
      "import a, { type B } from './a.ts'",
      "import type { C } from './c.ts'",
      "export * from './d.ts'",
      "import './e.ts'",
      "// import './f.ts'",
      'const text = "import x from \'./g.ts\'"',
      "/* import './h.ts' */",
      "export const from = 1, name = 'x'",
      "const i = import('./i.ts')",
      'const quote = /[\'"]/',
      "import { j } from './j.ts' // the end",
    ].join('\n')
    expect(
      importsOf(source)
        .map(({ specifier }) => specifier)
        .sort(),
    ).toEqual(['./a.ts', './c.ts', './d.ts', './e.ts', './i.ts', './j.ts'])
    expect(importsOf(source).filter(({ typeOnly }) => typeOnly)).toEqual([{ specifier: './c.ts', typeOnly: true }])
  })
})

function readTree(folders: readonly string[]): Tree {
  const tree = new Map<string, string>()
  for (const folder of folders.filter((name) => existsSync(join(ROOT, name)))) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
      const path = join(entry.parentPath, entry.name)
      tree.set(path.slice(ROOT.length).split(sep).join('/').replace(/^\//, ''), readFileSync(path, 'utf8'))
    }
  }
  return tree
}
