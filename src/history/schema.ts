/** The tables, and the way from each version of them to the next. Versions only go forward. */
import type { DatabaseSync } from 'node:sqlite'

/** `Fore`: tells a history from another program's database (PRAGMA application_id). */
export const APPLICATION_ID = 0x466f7265

/** A transfer to look at: it did not complete, or its last acknowledgement is missing. The text is that of the partial indexes. */
export const IS_FAILED = `outcome NOT IN ('completed', 'probed') OR last_ack IS NOT NULL`

/**
 * Each text makes the version of its place (from 1) out of the one before. A text that was released never changes: a new version is a
 * new text at the end. Times are milliseconds since the epoch; no number is beyond 2^53, as Node cannot read such a one.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- Each start of a server. clean: 0 it runs or was killed, 1 it ended as it should, 2 what it left was checked.
  CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    uid BLOB NOT NULL UNIQUE CHECK (length(uid) = 16),
    version TEXT NOT NULL,
    node TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    clean INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- first_ms, last_ms and address are those of its transfers; the learnt ones are NULL while nothing was learnt.
  CREATE TABLE device (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    mac TEXT,
    address TEXT NOT NULL DEFAULT '',
    first_ms INTEGER,
    last_ms INTEGER,
    profile TEXT,
    learnt TEXT,
    learnt_ms REAL,
    learnt_count INTEGER
  ) STRICT;
  CREATE INDEX device_mac ON device (mac) WHERE mac IS NOT NULL;
  CREATE INDEX device_address ON device (address);
  CREATE INDEX device_last ON device (last_ms);

  -- cause and confidence are the diagnosis's: NULL until one was made. code and reason are those of the error.
  CREATE TABLE transfer (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (id),
    seq INTEGER NOT NULL,
    device INTEGER REFERENCES device (id) ON DELETE SET NULL,
    address TEXT NOT NULL,
    port INTEGER NOT NULL,
    direction TEXT NOT NULL,
    asked TEXT NOT NULL,
    served TEXT,
    options_asked TEXT NOT NULL,
    options_agreed TEXT NOT NULL,
    outcome TEXT NOT NULL,
    last_ack TEXT,
    code TEXT,
    reason TEXT,
    cause TEXT,
    confidence REAL,
    bytes INTEGER NOT NULL,
    size_bytes INTEGER,
    blocks INTEGER NOT NULL,
    datagrams INTEGER NOT NULL,
    repeats INTEGER NOT NULL,
    window INTEGER NOT NULL,
    blksize INTEGER,
    stalls INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ms REAL NOT NULL,
    crc32 TEXT,
    UNIQUE (run, seq)
  ) STRICT;
  CREATE INDEX transfer_started ON transfer (started_ms);
  CREATE INDEX transfer_device ON transfer (device, started_ms);
  CREATE INDEX transfer_failed ON transfer (started_ms) WHERE ${IS_FAILED};
  CREATE INDEX transfer_device_failed ON transfer (device, started_ms) WHERE ${IS_FAILED};

  -- format 1: entries of 8 bytes, little-endian, as src/transfer/trace.ts describes them.
  CREATE TABLE trace (
    transfer INTEGER PRIMARY KEY REFERENCES transfer (id) ON DELETE CASCADE,
    format INTEGER NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
  `,
]

/** The version of the tables in `db`; 0 where there are none. */
export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version)
}

/** Brings `db` to the newest version, each step whole or not at all. Another process may do the same at the same time. */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  while (versionOf(db) < migrations.length) {
    db.exec('BEGIN IMMEDIATE')
    try {
      const version = versionOf(db)
      if (version < migrations.length) db.exec(`${migrations[version]}; PRAGMA user_version = ${version + 1}`)
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
}
