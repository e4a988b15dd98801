/** Each trouble that SQLite reports is known by its result code, and by that alone. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { ForesendError } from '../error.ts'
import { errcodeOf } from './sqlite.ts'
import { troubleOf } from './trouble.ts'

function thrown(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('it went well')
}

function database(): { db: DatabaseSync; path: string } {
  const path = join(tempFolder(), 'x.db')
  const db = new DatabaseSync(path, { timeout: 0 })
  db.exec('CREATE TABLE a (x INTEGER NOT NULL UNIQUE) STRICT; INSERT INTO a VALUES (1)')
  return { db, path }
}

describe('what SQLite throws', () => {
  test('5, locked by another', () => {
    const { db, path } = database()
    const other = new DatabaseSync(path)
    other.exec('BEGIN EXCLUSIVE')
    const error = thrown(() => db.exec('INSERT INTO a VALUES (2)'))
    expect([errcodeOf(error), troubleOf(error).remedy]).toEqual([5, 'wait'])
    other.close()
    db.close()
  })

  test('8, read-only', () => {
    const { db, path } = database()
    db.close()
    const readOnly = new DatabaseSync(path, { readOnly: true })
    const error = thrown(() => readOnly.exec('INSERT INTO a VALUES (2)'))
    expect(errcodeOf(error)).toBe(8)
    expect(troubleOf(error)).toEqual({ remedy: 'reopen', text: expect.stringMatching(/read-only; make .* writable/) })
    readOnly.close()
  })

  test('13, full', () => {
    const { db } = database()
    db.exec('PRAGMA synchronous = OFF; PRAGMA max_page_count = 3')
    const error = thrown(() => {
      for (let x = 2; ; x++) db.prepare('INSERT INTO a VALUES (?)').run(x)
    })
    expect(errcodeOf(error)).toBe(13)
    expect(troubleOf(error)).toEqual({ remedy: 'wait', text: 'the disk is full; make room there' })
    db.close()
  })

  test('14, cannot open', () => {
    const error = thrown(() => new DatabaseSync(join(tempFolder(), 'nowhere', 'x.db')))
    expect(errcodeOf(error)).toBe(14)
    expect(troubleOf(error)).toEqual({ remedy: 'reopen', text: expect.stringMatching(/look at the permissions/) })
  })

  test('26, not a database', () => {
    const path = join(tempFolder(), 'x.db')
    writeFileSync(path, 'x'.repeat(4096))
    const db = new DatabaseSync(path)
    const error = thrown(() => db.exec('SELECT * FROM a'))
    expect([errcodeOf(error), troubleOf(error).remedy]).toEqual([26, 'broken'])
    db.close()
  })

  test('19, a row that the table does not take, loses its batch and nothing else', () => {
    const { db } = database()
    const error = thrown(() => db.exec('INSERT INTO a VALUES (1)'))
    expect([errcodeOf(error), troubleOf(error).remedy]).toEqual([19, 'lose'])
    db.close()
  })

  test.each([
    // Extended codes have their primary one in the low byte: a short read, a snapshot that is too old.
    [522, 'reopen'],
    [517, 'wait'],
    [11, 'broken'],
    [6, 'wait'],
  ])('%i goes by its primary code', (errcode, remedy) => {
    expect(troubleOf(Object.assign(new Error('of SQLite'), { code: 'ERR_SQLITE_ERROR', errcode })).remedy).toBe(remedy)
  })
})

test.each([
  ['EACCES', /not permitted; name another folder with --state/],
  ['EROFS', /read-only; name another folder/],
  ['ENOSPC', /full; make room/],
  ['EIO', /EIO; look at the folder/],
])('what the file system throws: %s', (code, text) => {
  const trouble = troubleOf(Object.assign(new Error(`${code}: of the system`), { code }))
  expect(trouble).toEqual({ remedy: 'reopen', text: expect.stringMatching(text) })
})

test('a refusal of ours is final, and anything else is reported as it is, on one line', () => {
  expect(troubleOf(new ForesendError('ERR_TFTP_USAGE', 'not ours', { fault: 'local' }))).toEqual({
    remedy: 'off',
    text: 'not ours',
  })
  expect(troubleOf(new TypeError('a\n  bug'))).toEqual({ remedy: 'lose', text: 'a bug' })
})
