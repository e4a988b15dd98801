/** Whatever happens to the database: one line, nothing thrown, and work goes on when it can. */
import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ended, keeperIn, RUN, rows, update } from '../../test/support/history.ts'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { databasePath } from './database.ts'
import { MIGRATIONS } from './schema.ts'

const BATCH = { ended: rows(ended()), learnt: [update('a', 5, 2)] }
const OTHER_RUN = { ...RUN, uid: 'f'.repeat(32) }

function count(folder: string): unknown {
  const db = new DatabaseSync(databasePath(folder), { readOnly: true })
  const row = db
    .prepare('SELECT (SELECT count(*) FROM transfer) AS transfers, (SELECT count(learnt) FROM device) AS learnt')
    .get()
  db.close()
  return { ...row }
}

describe('a database that is well', () => {
  test('keeps transfers and what was learnt, for the next start', () => {
    const folder = tempFolder()
    const { keeper, notices } = keeperIn(folder)
    expect(keeper.start()).toEqual([])
    expect(keeper.store(BATCH)).toBe(true)
    // The same again, as after an answer that was lost.
    expect(keeper.store(BATCH)).toBe(true)
    keeper.close()
    expect(count(folder)).toEqual({ transfers: 1, learnt: 1 })
    const next = keeperIn(folder, { run: OTHER_RUN })
    expect(next.keeper.start()).toEqual([update('a', 5, 2)])
    next.keeper.close()
    expect([...notices, ...next.notices]).toEqual([])
  })
})

describe('another program holds it', () => {
  test('is one notice, and what waited is written when it lets go', () => {
    const folder = tempFolder()
    const { keeper, notices } = keeperIn(folder)
    keeper.start()
    const other = new DatabaseSync(databasePath(folder))
    other.exec('BEGIN IMMEDIATE')
    expect(keeper.store(BATCH)).toBe(false)
    expect(keeper.store(BATCH)).toBe(false)
    expect(notices).toEqual([expect.stringMatching(/another program holds the database; end that; serving goes on/)])
    other.exec('COMMIT')
    other.close()
    expect(keeper.store(BATCH)).toBe(true)
    expect(notices[1]).toMatch(/is written again/)
    expect(count(folder)).toEqual({ transfers: 1, learnt: 1 })
    keeper.close()
  })
})

describe('no folder can be made', () => {
  test('is one notice; once it can, work begins', () => {
    const parent = tempFolder()
    writeFileSync(join(parent, 'state'), 'a file')
    const folder = join(parent, 'state')
    const { keeper, notices } = keeperIn(folder)
    expect(keeper.start()).toEqual([])
    expect(keeper.store(BATCH)).toBe(false)
    expect(notices).toEqual([
      expect.stringMatching(/a file is where the folder should be; name another folder with --state/),
    ])
    rmSync(folder)
    expect(keeper.store(BATCH)).toBe(true)
    expect(count(folder)).toEqual({ transfers: 1, learnt: 1 })
    keeper.close()
  })
})

describe('what is there is broken', () => {
  const asideIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.includes('.broken-'))

  test('no database at all: it is renamed, untouched, and a new one begins', () => {
    const folder = tempFolder()
    const text = 'x'.repeat(8192)
    writeFileSync(databasePath(folder), text)
    const { keeper, notices } = keeperIn(folder)
    expect(keeper.start()).toEqual([])
    expect(keeper.store(BATCH)).toBe(true)
    expect(notices).toEqual([
      expect.stringMatching(
        /is broken \(file is not a database\): it is now .*broken-\d{8}T\d{6}Z, and a new one begins/,
      ),
    ])
    expect(asideIn(folder).map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual([text])
    expect(count(folder)).toEqual({ transfers: 1, learnt: 1 })
    keeper.close()
  })

  /** As a run that is killed leaves it: with rows, and not closed. */
  function killed(folder: string): void {
    const { keeper } = keeperIn(folder)
    keeper.start()
    const many = Array.from({ length: 2000 }, (_, i) => ended({ file: `image-${i}`, time: 1000 * i }))
    keeper.store({ ended: rows(...many), learnt: [update('a', 5, 2)] })
    keeper.close()
    const db = new DatabaseSync(databasePath(folder))
    db.exec('UPDATE run SET clean = 0; PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
  }

  test('pages in the middle, found after a kill: what was learnt goes over to the new one', () => {
    const folder = tempFolder()
    killed(folder)
    const file = openSync(databasePath(folder), 'r+')
    const size = statSync(databasePath(folder)).size
    writeSync(file, Buffer.alloc(size / 2, 0xa5), 0, size / 2, size / 2)
    const { keeper, notices } = keeperIn(folder, { run: OTHER_RUN })
    expect(keeper.start()).toEqual([update('a', 5, 2)])
    keeper.check()
    expect(notices).toEqual([expect.stringMatching(/is broken \(.*\): it is now /s)])
    expect(asideIn(folder)).toHaveLength(1)
    expect(count(folder)).toEqual({ transfers: 0, learnt: 1 })
    expect(keeper.store(BATCH)).toBe(true)
    keeper.close()
  })

  test('pages that a write meets: the batch goes to the new one', () => {
    const folder = tempFolder()
    killed(folder)
    const { keeper, notices } = keeperIn(folder, { run: OTHER_RUN })
    keeper.start()
    const file = openSync(databasePath(folder), 'r+')
    const size = statSync(databasePath(folder)).size
    writeSync(file, Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096)
    expect(keeper.store(BATCH)).toBe(true)
    expect(notices).toEqual([expect.stringMatching(/is broken/)])
    expect(count(folder)).toEqual({ transfers: 1, learnt: 1 })
    keeper.close()
  })

  test('nothing: the database is checked once after a kill', () => {
    const folder = tempFolder()
    killed(folder)
    for (const uid of ['a', 'b']) {
      const { keeper, notices } = keeperIn(folder, { run: { ...RUN, uid: uid.repeat(32) } })
      keeper.start()
      keeper.check()
      keeper.close()
      expect(notices).toEqual([])
    }
    const db = new DatabaseSync(databasePath(folder), { readOnly: true })
    expect(
      db
        .prepare('SELECT clean FROM run ORDER BY id')
        .all()
        .map(({ clean }) => clean),
    ).toEqual([2, 1, 1])
    db.close()
  })
})

describe('it is not ours', () => {
  function refused(folder: string): string[] {
    const { keeper, notices } = keeperIn(folder)
    expect(keeper.start()).toEqual([])
    expect(keeper.isOff).toBe(true)
    expect(keeper.store(BATCH)).toBe(true)
    keeper.close()
    return notices
  }

  test("another program's stays as it is", () => {
    const folder = tempFolder()
    const db = new DatabaseSync(databasePath(folder))
    db.exec('CREATE TABLE bookmarks (url TEXT)')
    db.close()
    const before = readFileSync(databasePath(folder))
    expect(refused(folder)).toEqual([
      expect.stringMatching(/^no history is kept: .* is another program's database; name another folder/),
    ])
    expect(readFileSync(databasePath(folder)).equals(before)).toBe(true)
    expect(readdirSync(folder)).toEqual(['history.db'])
  })

  test("a newer Foresend's stays as it is", () => {
    const folder = tempFolder()
    keeperIn(folder).keeper.start()
    const db = new DatabaseSync(databasePath(folder))
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`)
    db.close()
    expect(refused(folder)).toEqual([expect.stringMatching(/made by a newer Foresend .* update this one/)])
  })
})

describe('it is taken away', () => {
  test.each([
    ['the file is renamed', (folder: string) => renameSync(databasePath(folder), join(folder, 'elsewhere.db'))],
    ['the folder is deleted', (folder: string) => rmSync(folder, { recursive: true })],
  ])('%s: a new one begins, with what was learnt', (_, take) => {
    const folder = join(tempFolder(), 'state')
    mkdirSync(folder)
    const { keeper, notices } = keeperIn(folder)
    keeper.start()
    keeper.store(BATCH)
    take(folder)
    expect(keeper.store({ ended: rows(ended()), learnt: [] })).toBe(true)
    expect(notices).toEqual([expect.stringMatching(/was moved or deleted; a new one begins/)])
    expect(count(folder)).toEqual({ transfers: 1, learnt: 1 })
    keeper.close()
  })
})

const SMALL_DISK = fileURLToPath(new URL('../../test/support/small-disk.ts', import.meta.url))
const canMount = process.platform === 'linux' && spawnSync('unshare', ['-rm', 'true']).status === 0

test.skipIf(!canMount)(
  'a disk that is full, and one that is read-only: told once each, and work goes on by itself',
  () => {
    const mount = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" "$3" "$1"'
    const args = ['-rm', 'sh', '-c', mount, 'sh', tempFolder(), process.execPath, SMALL_DISK]
    const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' })
    expect(stderr).toBe('')
    const { steps, notices, transfers, check } = JSON.parse(stdout) as Record<string, unknown>
    expect(steps).toEqual([
      'stored',
      'full: not stored',
      'read while full',
      'stored',
      'read-only: not stored',
      'stored',
    ])
    expect(notices).toEqual([
      expect.stringMatching(
        /cannot be written: the disk is full; make room there; serving goes on, and it is tried again/,
      ),
      expect.stringMatching(/is written again/),
      expect.stringMatching(/cannot be written: the file system is read-only; name another folder/),
      expect.stringMatching(/is written again/),
    ])
    expect([transfers, check]).toEqual([3, 'ok'])
  },
)
