/** What settings amount to for `foresend serve`: the server's configuration, and what the command itself goes by. */
import type { EventLevel, ServerConfigInput } from '../../server/contract.ts'
import { flagOf, type Values } from './setting-flags.ts'
import { SETTINGS } from './settings.ts'

/** What the command itself goes by. None of it changes while a server runs. */
export interface OwnSettings {
  readonly state?: string
  readonly history?: boolean
  readonly confinement?: boolean
  readonly 'require-confinement'?: boolean
  readonly hook?: string
  readonly 'hook-socket'?: string
  readonly 'log-format'?: 'pretty' | 'json'
  readonly 'log-level'?: EventLevel
}

export interface ServeSettings {
  /** Without the port where none was chosen. */
  readonly server: ServerConfigInput
  readonly own: OwnSettings
}

/** Settings that say the same thing in two ways: one that is a flag replaces the other one of the file. */
const RIVALS: readonly (readonly [string, string])[] = [['window', 'anticipation']]

/** Flags win over the file, each list as a whole. */
export function merged(file: Values, flags: Values): Values {
  const replaced = RIVALS.flatMap(([a, b]) => [...(a in flags ? [b] : []), ...(b in flags ? [a] : [])])
  return { ...Object.fromEntries(Object.entries(file).filter(([key]) => !replaced.includes(key))), ...flags }
}

/** The values are right one by one; whether they fit together is for `parseConfig`. */
export function serveSettings(values: Values): ServeSettings {
  const server: Record<string, unknown> = {}
  const own: Record<string, unknown> = {}
  for (const { key, member } of SETTINGS) {
    if (!(key in values)) continue
    if (member === undefined) own[key] = values[key]
    else server[member] = values[key]
  }
  return { server, own }
}

/** The first of the command's own settings that differs, as a flag; undefined when none does. */
export function changedOwn(before: OwnSettings, after: OwnSettings): string | undefined {
  const changed = SETTINGS.find(({ key, member }) => {
    const name = key as keyof OwnSettings
    return member === undefined && JSON.stringify(before[name]) !== JSON.stringify(after[name])
  })
  return changed === undefined ? undefined : flagOf(changed)
}
