/** docs/rules.md and the code that cites it say the same: every rule is defined, cited and tested, every constant has the value that the page gives. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/rules.md'), 'utf8')
const DEFINED = [...PAGE.matchAll(/^### ([ANR]\d+): /gm)].map((match) => match[1])
const CITATION = /\b[ANR]\d{1,2}\b/g

interface File {
  readonly path: string
  readonly text: string
}

function filesBelow(folder: string): File[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(ROOT, folder, name), 'utf8') }))
}

const files = [...filesBelow('src'), ...filesBelow('test')]
const isTest = ({ path }: File): boolean => path.endsWith('.test.ts')

/** Rules that comments and titles of a file cite; strings and code have other uses for a letter and a number. */
function cited({ path, text }: File): string[] {
  const parts = [
    ...text.matchAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g),
    ...(path.endsWith('.test.ts') ? text.matchAll(/\b(?:test|describe)(?:\.each)?\([^\n]*/g) : []),
  ]
  return parts.flatMap((part) => part[0].match(CITATION) ?? [])
}

describe('docs/rules.md', () => {
  test('defines each rule once, in order', () => {
    const upTo = (letter: string, last: number) => Array.from({ length: last }, (_, i) => `${letter}${i + 1}`)
    const expected = [...upTo('N', 5), ...upTo('A', 14), ...upTo('R', 7)]
    expect(DEFINED).toEqual(expected)
  })

  test('defines every rule that is cited', () => {
    const unknown = files.flatMap((file) =>
      cited(file).flatMap((rule) => (DEFINED.includes(rule) ? [] : [`${file.path}: ${rule}`])),
    )
    expect(unknown).toEqual([])
  })

  test.each(DEFINED)('%s is cited in the sources and named by a test', (rule) => {
    expect(files.filter((file) => !isTest(file) && cited(file).includes(rule)).length).toBeGreaterThan(0)
    const titles = files
      .filter(isTest)
      .flatMap(({ text }) => text.match(/\b(?:test|describe)(?:\.each)?\([^\n]*/g) ?? [])
    expect(titles.some((title) => new RegExp(`\\b${rule}\\b`).test(title))).toBe(true)
  })

  const constants = [...PAGE.matchAll(/`([A-Z][A-Z_]+) = ([^`]+)` in `([^`]+)`/g)].map(([, name, value, path]) => ({
    name,
    value,
    path,
  }))

  test('names its constants in a form that can be checked', () => {
    expect(constants.length).toBeGreaterThan(40)
    for (const line of PAGE.match(/^- Constants: .*$/gm) ?? []) {
      const named = line.match(/`[A-Z_]+ = /g)?.length
      expect(line.match(/`[A-Z_]+ = [^`]+` in `src\/[^`]+`/g)?.length).toBe(named)
    }
  })

  test.each(constants)('$name is $value in $path', ({ name, value, path }) => {
    const source = readFileSync(join(ROOT, path), 'utf8')
    const found = new RegExp(`^(?:export )?const ${name} = (.*)$`, 'm').exec(source)?.[1]
    expect(found).toBe(value)
  })

  test('names files that are there', () => {
    for (const [, path] of PAGE.matchAll(/`(src\/[^`]+)`/g)) expect(() => readFileSync(join(ROOT, path))).not.toThrow()
  })
})
