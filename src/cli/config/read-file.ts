/** A configuration file: TOML with the keys of settings.ts. Of each mistake the line is known, and what is allowed there. */
import { dirname } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { parseConfig } from '../../server/config.ts'
import { ForesendError } from '../../error.ts'
import { readSmallFile } from '../../small-file.ts'
import { messageOf, usageError } from '../exit.ts'
import { readTable } from './read-table.ts'
import { serveSettings } from './serve-settings.ts'
import type { Values } from './setting-flags.ts'
import { SETTINGS } from './settings.ts'
import { keyLines, lineOf } from './toml-lines.ts'

/** A mistake in a file. */
export interface Problem {
  /** Counted from 1; undefined where the whole file is meant. */
  readonly line: number | undefined
  readonly text: string
}

export interface ConfigText {
  readonly values: Values
  /** In the order of the file; empty when all of it can be used. */
  readonly problems: readonly Problem[]
}

/** Throws ERR_TFTP_USAGE for a file that cannot be read, and for the first mistake in it. */
export function readConfigFile(file: string): Values {
  const { values, problems } = checkConfigText(textOf(file), file)
  if (problems.length > 0) throw usageError(problemText(file, problems[0]))
  return values
}

/** Throws ERR_TFTP_USAGE where there is no such file. */
export function textOf(file: string): string {
  try {
    return readSmallFile(file).toString('utf8')
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const remedy = isMissing ? `\`foresend config init ${file}\` makes one` : 'name a file of TOML that can be read'
    throw usageError(`cannot read the configuration ${file}: ${messageOf(error)}; ${remedy}`)
  }
}

/** `FILE:12: windwo: unknown key; did you mean window?` */
export function problemText(file: string, { line, text }: Problem): string {
  return line === undefined ? `${file}: ${text}` : `${file}:${line}: ${text}`
}

/** All that is wrong with `text`, the text of `file`. */
export function checkConfigText(text: string, file: string): ConfigText {
  let table: Record<string, unknown>
  try {
    table = parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const reason = error.message.replace(/^Invalid TOML document: /, '').split('\n')[0] as string
    return { values: {}, problems: [{ line: error.line, text: `this is no TOML: ${reason}` }] }
  }
  const lines = keyLines(text)
  const { values, problems: found } = readTable(SETTINGS, table, dirname(file))
  const problems = found.map(({ path, text }): Problem => ({ line: lineOf(lines, path), text }))
  if (problems.length === 0) problems.push(...contradictions(values, lines))
  return { values, problems }
}

/** What is wrong with settings that are right by themselves. */
function contradictions(values: Values, lines: ReadonlyMap<string, number>): Problem[] {
  try {
    parseConfig({ path: '.', ...serveSettings(values).server })
    return []
  } catch (error) {
    if (!(error instanceof ForesendError)) throw error
    const keys = [...error.message.matchAll(/--([a-z-]+)/g)].map(([, key]) => key as string)
    return [{ line: lines.get(keys.find((key) => lines.has(key)) ?? ''), text: error.message }]
  }
}
