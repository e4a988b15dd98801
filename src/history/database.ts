/** The database file: made, opened for writing, and set aside when it is broken. */
import { accessSync, chmodSync, closeSync, constants, existsSync, openSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { ForesendError } from '../error.ts'
import { makeFolder } from '../make-folder.ts'
import { APPLICATION_ID, MIGRATIONS, migrate, versionOf } from './schema.ts'
import { sqlite } from './sqlite.ts'

export const DATABASE_NAME = 'history.db'
/** Another process that writes has its batch done well within this. */
const BUSY_MS = 1000
/** Else the log stays as large as it ever was. */
const MAX_LOG_BYTES = 16 * 1024 * 1024
/** Holds the pages that the indexes of a rush of transfers touch. */
const CACHE_KB = 16 * 1024
/** Addresses of clients are personal data. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

export interface Opened {
  readonly db: DatabaseSync
  /** The write-ahead log needs shared memory, which network file systems do not have. */
  readonly hasLog: boolean
  /** Which file it is, to notice when another takes its place. */
  readonly inode: number
}

export function databasePath(folder: string): string {
  return join(folder, DATABASE_NAME)
}

/**
 * Opens the database in `folder` for writing, and makes folder and tables where they are missing. Throws what SQLite and the file system
 * throw, and ERR_TFTP_USAGE for a database that must not be touched: another program's, or a newer Foresend's.
 */
export function openForWriting(folder: string, migrations: readonly string[] = MIGRATIONS): Opened {
  const path = databasePath(folder)
  makeFolder(folder, FOLDER_MODE)
  // The log needs files of its own beside the database. SQLite would only say that it cannot open something.
  accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  if (!existsSync(path)) {
    // SQLite makes its log with the mode of the database.
    closeSync(openSync(path, 'a', FILE_MODE))
    chmodSync(path, FILE_MODE)
  }
  const db = new (sqlite().DatabaseSync)(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true })
  try {
    refuseOthers(db, path, migrations.length)
    // Before the first table, or it has no effect.
    if (versionOf(db) === 0) db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = ${APPLICATION_ID}`)
    const hasLog = db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode === 'wal'
    // Without the log only FULL survives a loss of power; with it NORMAL does, and an end of the process in both cases.
    db.exec(`PRAGMA synchronous = ${hasLog ? 'NORMAL' : 'FULL'}; PRAGMA journal_size_limit = ${MAX_LOG_BYTES}`)
    db.exec(`PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${CACHE_KB}`)
    migrate(db, migrations)
    return { db, hasLog, inode: inodeOf(path) ?? 0 }
  } catch (error) {
    db.close()
    throw error
  }
}

/** Of the file that has the name now; undefined when none has. */
export function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

/** Gives the database another name, its log with it, and returns that. Nothing is deleted: something may still be read from it. */
export function setAside(folder: string, time: Date): string {
  const path = databasePath(folder)
  const stamp = time.toISOString().replace(/[-:]|\.\d+/g, '')
  let aside = `${path}.broken-${stamp}`
  for (let n = 2; existsSync(aside); n++) aside = `${path}.broken-${stamp}-${n}`
  renameSync(path, aside)
  for (const end of ['-wal', '-shm']) if (existsSync(path + end)) renameSync(path + end, aside + end)
  return aside
}

/** Throws when `db` is another program's, or has tables of a version above `newest`. */
export function refuseOthers(db: DatabaseSync, path: string, newest: number = MIGRATIONS.length): void {
  const id = Number(db.prepare('PRAGMA application_id').get()?.application_id)
  const isEmpty = db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count === 0
  if (id !== APPLICATION_ID && !(id === 0 && isEmpty)) {
    throw refused(`${path} is another program's database; name another folder with --state`)
  }
  const version = versionOf(db)
  if (version > newest) {
    throw refused(
      `${path} was made by a newer Foresend (version ${version} of its tables, this one knows ${newest}); ` +
        'update this one, or name another folder with --state',
    )
  }
}

function refused(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
