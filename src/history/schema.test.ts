import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { databasePath, openForWriting } from './database.ts'
import { APPLICATION_ID, MIGRATIONS, migrate, versionOf } from './schema.ts'

const FIRST = 'CREATE TABLE a (x INTEGER NOT NULL) STRICT; INSERT INTO a VALUES (1), (2)'
const SECOND = 'ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x * 10'

function database(): DatabaseSync {
  return new DatabaseSync(join(tempFolder(), 'x.db'))
}

describe('migrations', () => {
  test('bring an empty database to the newest version, and one of each older version too', () => {
    for (const already of [0, 1]) {
      const db = database()
      migrate(db, [FIRST, SECOND].slice(0, already))
      expect(versionOf(db)).toBe(already)
      migrate(db, [FIRST, SECOND])
      expect(versionOf(db)).toBe(2)
      expect(db.prepare('SELECT y FROM a').all()).toMatchObject([{ y: 10 }, { y: 20 }])
      db.close()
    }
  })

  test('do nothing to the newest version', () => {
    const db = database()
    migrate(db, [FIRST, SECOND])
    db.exec('DELETE FROM a')
    migrate(db, [FIRST, SECOND])
    expect(db.prepare('SELECT * FROM a').all()).toEqual([])
    db.close()
  })

  test('one that fails leaves the version before it, whole', () => {
    const db = database()
    expect(() => migrate(db, [FIRST, `${SECOND}; INSERT INTO nowhere VALUES (1)`])).toThrow(/nowhere/)
    expect(versionOf(db)).toBe(1)
    expect(Object.keys(db.prepare('SELECT * FROM a').get() ?? {})).toEqual(['x'])
    migrate(db, [FIRST, SECOND])
    expect(versionOf(db)).toBe(2)
    db.close()
  })
})

test('a new database has the tables, its own mark, a log, incremental vacuum, and is for its user alone', async () => {
  const { statSync } = await import('node:fs')
  const folder = join(tempFolder(), 'state')
  const { db, hasLog } = openForWriting(folder)
  const pragma = (name: string): unknown => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  expect(hasLog).toBe(true)
  expect([pragma('application_id'), pragma('user_version')]).toEqual([APPLICATION_ID, MIGRATIONS.length])
  expect([pragma('auto_vacuum'), pragma('foreign_keys'), pragma('synchronous')]).toEqual([2, 1, 1])
  expect(pragma('journal_size_limit')).toBe(16 * 1024 * 1024)
  for (const end of ['', '-wal', '-shm']) expect(statSync(databasePath(folder) + end).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  db.close()
})

test('every query that a page makes goes by an index, in the order that the page has', () => {
  const { db } = openForWriting(tempFolder())
  const plan = (where: string): string =>
    db
      .prepare(`EXPLAIN QUERY PLAN SELECT * FROM transfer WHERE ${where} ORDER BY started_ms DESC, id DESC LIMIT 50`)
      .all()
      .map(({ detail }) => String(detail))
      .join('; ')
  const failed = `(outcome NOT IN ('completed', 'probed') OR last_ack IS NOT NULL)`
  const cursor = '(started_ms, id) < (1000, 5)'
  for (const [where, index] of [
    [cursor, 'transfer_started'],
    [failed, 'transfer_failed'],
    [`device = 3 AND ${cursor}`, 'transfer_device'],
    [`device = 3 AND ${failed}`, 'transfer_device_failed'],
  ]) {
    expect(plan(where)).toMatch(new RegExp(`USING INDEX ${index}\\b`))
    expect(plan(where)).not.toMatch(/TEMP B-TREE/)
  }
  db.close()
})
