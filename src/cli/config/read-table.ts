/** A table of a configuration file, checked key by key. */
import { resolve } from 'node:path'
import * as v from 'valibot'
import { didYouMean } from '../../lab/device/nearest.ts'
import { type Kind, schemaOf, type Setting, type Value } from './kind.ts'

/** A mistake, and the keys and positions that lead to it. */
export interface Misplaced {
  readonly path: readonly (string | number)[]
  readonly text: string
}

export interface ReadTable {
  /** What is right. */
  readonly values: Readonly<Record<string, Value>>
  readonly problems: readonly Misplaced[]
}

/** The keys of `table` by `settings`; relative paths are relative to `folder`. `path` leads to the table. */
export function readTable(
  settings: readonly Setting[],
  table: object,
  folder: string,
  path: readonly (string | number)[] = [],
): ReadTable {
  const values: Record<string, Value> = {}
  const problems: Misplaced[] = []
  for (const [key, value] of Object.entries(table)) {
    const setting = settings.find((known) => known.key === key)
    const at = [...path, key]
    if (setting === undefined) {
      const known = settings.map((one) => one.key)
      problems.push({ path: at, text: `${key}: unknown key${didYouMean(key, known)}` })
      continue
    }
    const read = readValue(setting, value as unknown, folder, at)
    problems.push(...read.problems)
    if (read.value !== undefined && read.problems.length === 0) values[key] = read.value
  }
  return { values, problems }
}

function readValue(
  { key, kind }: Setting,
  value: unknown,
  folder: string,
  path: readonly (string | number)[],
): { readonly value?: Value; readonly problems: readonly Misplaced[] } {
  const wrong = (text: string): { readonly problems: readonly Misplaced[] } => ({
    problems: [{ path, text: `${key}: ${clause(text)}` }],
  })
  if (kind.type === 'tables') {
    const tables: unknown[] = Array.isArray(value) ? value : [value]
    if (!tables.every(isTable)) return wrong(`It takes tables: [[${key}]] and keys below it.`)
    const read = tables.map((table, index) => readTable(kind.settings, table, folder, [...path, index]))
    return { value: read.map(({ values }) => values), problems: read.flatMap(({ problems }) => problems) }
  }
  const parsed = v.safeParse(schemaOf(kind), value)
  if (!parsed.success) return wrong(parsed.issues[0].message)
  return { value: placed(kind, folder, parsed.output), problems: [] }
}

/** A relative path is relative to the folder of the file that it stands in. */
function placed(kind: Kind, folder: string, value: Value): Value {
  if (kind.type === 'path') return resolve(folder, value as string)
  const place = kind.type === 'list' ? kind.place : undefined
  return place === undefined ? value : (value as readonly string[]).map((item) => place(folder, item))
}

function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/** A sentence of a flag's parser, in the middle of a line. */
function clause(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}
