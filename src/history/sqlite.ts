/** SQLite as Node has it, loaded when it is first used: commands that keep no history start without it. */
import type * as Sqlite from 'node:sqlite'

let loaded: typeof Sqlite | undefined

export function sqlite(): typeof Sqlite {
  loaded ??= quietly(() => process.getBuiltinModule('node:sqlite'))
  return loaded
}

/**
 * Primary result codes that differ in what follows (sqlite.org/rescode.html). Node puts the extended code into `errcode`; its low byte is the
 * primary one. `code` is ERR_SQLITE_ERROR for all of them.
 */
export const ERRCODE = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const

/** The primary result code of what SQLite threw; undefined for anything else. */
export function errcodeOf(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode
  return typeof code === 'number' ? code & 0xff : undefined
}

/** Node 24.12 and 24.13 say of this module that it may change, on standard error; later versions do not. */
function quietly<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = (() => {}) as typeof emitWarning
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}
