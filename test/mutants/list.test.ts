import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { drawMutants } from './draw.ts'
import { MUTANTS } from './list.ts'

test.each(MUTANTS)('$file: $breaks', ({ file, was, now }) => {
  const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
  expect(source.split(was)).toHaveLength(2)
  expect(now).not.toBe(was)
})

test('drawn mutants change one place each, the same ones for the same seed', () => {
  const source = 'export function less(a: number, b: number): boolean {\n  if (a > 3) tell(a)\n  return a < b\n}\n'
  const sources = new Map([['src/transfer/a.ts', source]])
  const drawn = drawMutants(sources, 100, 7)
  expect(drawn.map(({ breaks }) => breaks).sort()).toEqual([
    '< turned',
    '> turned',
    'another number',
    'call left out',
    'condition negated',
  ])
  for (const { was, now } of drawn) {
    expect(source.split(was)).toHaveLength(2)
    expect(source.replace(was, now)).not.toBe(source)
  }
  expect(drawMutants(sources, 100, 7)).toEqual(drawn)
})
