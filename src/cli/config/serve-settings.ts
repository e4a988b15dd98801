/** What settings amount to for `foresend serve`: the server's configuration, and what the command itself goes by. */
import type { EventLevel, ServerConfigInput } from '../../server/contract.ts'
import { whyNotRunnable } from '../../control/runnable.ts'
import type { Setting, Value } from './kind.ts'
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
  readonly user?: string
  readonly pidfile?: string
  readonly 'exit-idle'?: number
  /** `[ADDR:]PORT`. */
  readonly http?: string
  readonly 'http-name'?: readonly string[]
  readonly 'http-open'?: boolean
  readonly 'http-writable'?: boolean
  readonly 'http-token-file'?: string
  readonly 'http-cert'?: string
  readonly 'http-key'?: string
  readonly 'log-format'?: 'pretty' | 'json' | 'syslog'
  readonly 'log-level'?: EventLevel
  readonly 'log-file'?: string
}

export interface ServeSettings {
  /** Without the port where none was chosen. */
  readonly server: ServerConfigInput
  readonly own: OwnSettings
}

/** Settings that say the same thing in two ways: one that is a flag replaces the other one of the file. */
const RIVALS: readonly (readonly [string, string])[] = [
  ['window', 'anticipation'],
  ['uploads', 'writable'],
  ['uploads', 'overwrite'],
]

/** What is wrong with the command of `--hook`, which would be told with the first transfer otherwise. */
export function hookProblem({ hook }: Pick<OwnSettings, 'hook'>): string | undefined {
  const why = hook === undefined ? undefined : whyNotRunnable(hook)
  return why === undefined ? undefined : `--hook ${hook}: ${why}`
}

/** Flags win over the file, each list as a whole. */
export function merged(file: Values, flags: Values): Values {
  const replaced = RIVALS.flatMap(([a, b]) => [...(a in flags ? [b] : []), ...(b in flags ? [a] : [])])
  return { ...Object.fromEntries(Object.entries(file).filter(([key]) => !replaced.includes(key))), ...flags }
}

/** The values are right one by one; whether they fit together is for `parseConfig`. */
export function serveSettings(values: Values): ServeSettings {
  const server: Record<string, unknown> = {}
  const own: Record<string, unknown> = {}
  for (const setting of SETTINGS) {
    const { key, member, kind } = setting
    if (!(key in values)) continue
    if (isOwn(setting)) own[key] = values[key]
    if (member === undefined) continue
    server[member] =
      kind.type === 'tables'
        ? (values[key] as readonly Values[]).map((table) => membersOf(kind.settings, table))
        : values[key]
  }
  return { server, own }
}

function membersOf(settings: readonly Setting[], table: Values): Record<string, Value> {
  return Object.fromEntries(settings.flatMap(({ key, member = key }) => (key in table ? [[member, table[key]]] : [])))
}

function isOwn({ member, isOwn }: Setting): boolean {
  return member === undefined || isOwn === true
}

/** The first of the command's own settings that differs, as a flag; undefined when none does. */
export function changedOwn(before: OwnSettings, after: OwnSettings): string | undefined {
  const changed = SETTINGS.find((setting) => {
    const name = setting.key as keyof OwnSettings
    return isOwn(setting) && JSON.stringify(before[name]) !== JSON.stringify(after[name])
  })
  return changed === undefined ? undefined : flagOf(changed)
}
