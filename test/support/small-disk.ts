/** Run in a mount namespace of its own, on a file system of 2 MB: `node small-disk.ts FOLDER`. Prints what became of a history there. */
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { rowOf } from '../../src/history/batch.ts'
import { databasePath } from '../../src/history/database.ts'
import { ended, keeperIn } from './history.ts'

const disk = process.argv[2] ?? ''
const folder = join(disk, 'state')
const first = keeperIn(folder)
let { keeper } = first
const steps: string[] = []
let seq = 0

keeper.start()
step('stored', 'not stored', () => store(1))
fill()
step('full: stored', 'full: not stored', () => store(2))
const reader = new DatabaseSync(databasePath(folder), { readOnly: true })
steps.push(count(reader) === 1 ? 'read while full' : 'not read while full')
reader.close()
// It is tried again while it is full, and says nothing more.
store(2)
rmSync(join(disk, 'filler'))
step('stored', 'not stored', () => store(2))
// No file may be open for writing.
keeper.close()
execFileSync('mount', ['-o', 'remount,ro', disk])
const second = keeperIn(folder)
keeper = second.keeper
keeper.start()
step('read-only: stored', 'read-only: not stored', () => store(3))
execFileSync('mount', ['-o', 'remount,rw', disk])
step('stored', 'not stored', () => store(3))
keeper.close()
const db = new DatabaseSync(databasePath(folder), { readOnly: true })
const check = Object.values(db.prepare('PRAGMA quick_check').get() ?? {})[0]
const notices = [...first.notices, ...second.notices]
process.stdout.write(JSON.stringify({ steps, notices, transfers: count(db), check }))

/** Transfer `number`, whose name alone needs many pages. */
function store(number: number): boolean {
  seq = number
  return keeper.store({ ended: [rowOf(seq, ended({ file: 'x'.repeat(100_000) }), undefined)], learnt: [] })
}

function step(yes: string, no: string, work: () => boolean): void {
  steps.push(work() ? yes : no)
}

function fill(): void {
  for (let size = 1024 * 1024; size >= 4096; size /= 2) {
    try {
      for (;;) writeFileSync(join(disk, 'filler'), Buffer.alloc(size), { flag: 'a' })
    } catch {
      // The next smaller piece.
    }
  }
}

function count(database: DatabaseSync): number {
  return Number(database.prepare('SELECT count(*) AS count FROM transfer').get()?.count)
}
