/**
 * A history whose process is killed over and over. After each kill it opens, what another process had read before is still there, and of
 * each run there is a beginning without gaps: batches are there whole, in order.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { databasePath } from '../../src/history/database.ts'
import { learntIn } from '../../src/history/reader.ts'
import { versionOf } from '../../src/history/schema.ts'
import { COMPILE_CACHE } from '../support/compile-cache.ts'
import { Rng } from '../../src/lab/index.ts'

/** Between its first sign of life and the kill, in milliseconds. */
const LEAST_MS = 20
const MOST_MS = 150

export interface Rows {
  readonly transfers: number
  readonly traces: number
  readonly learnt: number
}

const NOTHING: Rows = { transfers: 0, traces: 0, learnt: 0 }

export interface Killing {
  /** Starts the process and resolves when it writes. */
  readonly start: (round: number) => Promise<ChildProcess>
  readonly folder: string
  readonly kills: number
  readonly seed: number
  readonly leastMs?: number
  readonly mostMs?: number
  readonly say?: (line: string) => void
}

export interface Killed {
  /** Rows at the end. */
  readonly rows: Rows
  /** Rounds in which nothing had been written when the kill came. */
  readonly early: number
  /** How long the next start would wait for the database: it is recovered, and what was learnt is read. */
  readonly opensMs: readonly number[]
  readonly faults: readonly string[]
}

export async function killOverAndOver(killing: Killing): Promise<Killed> {
  const { folder, kills, seed, start, leastMs = LEAST_MS, mostMs = MOST_MS, say = () => {} } = killing
  const rng = new Rng(seed, 'when')
  const faults: string[] = []
  let before = NOTHING
  const opensMs: number[] = []
  let early = 0
  for (let round = 1; round <= kills && faults.length === 0; round++) {
    const child = await start(round)
    await sleep(leastMs + rng.float() * (mostMs - leastMs))
    const seen = rowsIn(folder)
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    const opening = performance.now()
    learntIn(folder)
    opensMs.push(performance.now() - opening)
    const after = rowsIn(folder)
    for (const [what, count] of Object.entries(seen)) {
      const left = after[what as keyof Rows]
      if (left < count) faults.push(`round ${round}: ${count} ${what} had been read, and ${left} are left`)
    }
    faults.push(...damageIn(folder).map((text) => `round ${round}: ${text}`))
    if (after.transfers === before.transfers) early++
    say(`round ${round}: ${after.transfers - before.transfers} transfers, ${after.transfers} in all`)
    before = after
  }
  return { rows: before, early, opensMs, faults }
}

/** A process that does nothing but write. */
export function startWriter(folder: string): (round: number) => Promise<ChildProcess> {
  const program = new URL('./history-child.ts', import.meta.url).pathname
  return async (round) => {
    const child = spawn(process.execPath, [program, folder, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
    })
    await once(child.stdout, 'data')
    return child
  }
}

/** The first kill may come before there are any tables. */
export function rowsIn(folder: string): Rows {
  if (!existsSync(databasePath(folder))) return NOTHING
  const db = new DatabaseSync(databasePath(folder), { readOnly: true, timeout: 5000 })
  try {
    if (versionOf(db) === 0) return NOTHING
    const count = (table: string): number => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
    return { transfers: count('transfer'), traces: count('trace'), learnt: count('device WHERE learnt IS NOT NULL') }
  } finally {
    db.close()
  }
}

/** What is wrong in a database whose user was killed. */
function damageIn(folder: string): string[] {
  if (rowsIn(folder) === NOTHING) return []
  const db = new DatabaseSync(databasePath(folder), { readOnly: true, timeout: 5000 })
  try {
    const check = String(Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0])
    const gaps = db.prepare('SELECT run FROM transfer GROUP BY run HAVING max(seq) <> count(*)').all()
    const aside = readdirSync(folder).filter((name) => name.includes('.broken-'))
    return [
      ...(check === 'ok' ? [] : [check]),
      ...gaps.map(({ run }) => `run ${String(run)} has gaps`),
      ...aside.map((name) => `${name} was set aside`),
    ]
  } finally {
    db.close()
  }
}
