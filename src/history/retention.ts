/** What is kept, and for how long. Old things go in slices, so that what happens now never waits long to be written. */
import type { DatabaseSync } from 'node:sqlite'

export interface Limits {
  readonly maxAgeMs: number
  readonly maxTransfers: number
  /** Of the database file. */
  readonly maxBytes: number
  readonly maxDevices: number
}

const DAY_MS = 86_400_000

/** A year of a busy bench, or a week of a data centre; an SD card has room for it. */
export const LIMITS: Limits = {
  maxAgeMs: 90 * DAY_MS,
  maxTransfers: 1_000_000,
  maxBytes: 512 * 1024 * 1024,
  maxDevices: 65_536,
}

/** Rows that go in one transaction: some milliseconds. */
const SLICE_ROWS = 1000
/** A trace takes eight pages, a transfer a fraction of one. */
const SLICE_TRACES = 100
/** Pages that go back to the file system after each slice. */
const VACUUM_PAGES = 200
/** Free pages stay for what comes, up to this many and this share of the file. */
const FREE_PAGES = 2000
const FREE_SHARE = 0.1

/** Deletes one slice of what is too much, the oldest first, and gives room back. True when it did, and there may be more. */
export function trim(db: DatabaseSync, now: number, limits: Limits = LIMITS): boolean {
  const deleted = trimTransfers(db, now, limits) || trimRest(db, now, limits)
  const free = numberOf(db, 'PRAGMA freelist_count')
  const isWide = free > FREE_PAGES && free > numberOf(db, 'PRAGMA page_count') * FREE_SHARE
  if (deleted || isWide) db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`)
  return deleted || isWide
}

function trimTransfers(db: DatabaseSync, now: number, { maxAgeMs, maxTransfers, maxBytes }: Limits): boolean {
  const oldest = 'SELECT id FROM transfer'
  const isOld = `${oldest} WHERE started_ms < ?1 ORDER BY started_ms LIMIT ?2`
  if (changed(db, `DELETE FROM transfer WHERE id IN (${isOld})`, Math.round(now - maxAgeMs), SLICE_ROWS)) return true
  const byAge = `DELETE FROM transfer WHERE id IN (${oldest} ORDER BY started_ms LIMIT ?1)`
  const tooMany = numberOf(db, 'SELECT count(*) FROM transfer') - maxTransfers
  if (tooMany > 0) return changed(db, byAge, Math.min(tooMany, SLICE_ROWS))
  if (usedBytes(db) <= maxBytes) return false
  // Traces are large and few: they go first, while they take more than half of the room.
  if (numberOf(db, 'SELECT ifnull(sum(length(data)), 0) FROM trace') * 2 > maxBytes) {
    return changed(
      db,
      'DELETE FROM trace WHERE transfer IN (SELECT transfer FROM trace ORDER BY transfer LIMIT ?)',
      SLICE_TRACES,
    )
  }
  return changed(db, byAge, SLICE_ROWS)
}

/** Devices that were not there for long, and runs that left nothing. */
function trimRest(db: DatabaseSync, now: number, { maxAgeMs, maxDevices }: Limits): boolean {
  const old = Math.round(now - maxAgeMs)
  const lastSeen = 'max(ifnull(last_ms, 0), ifnull(learnt_ms, 0))'
  const isOld = `SELECT id FROM device WHERE ${lastSeen} < ? LIMIT ?`
  if (changed(db, `DELETE FROM device WHERE id IN (${isOld})`, old, SLICE_ROWS)) return true
  const tooMany = numberOf(db, 'SELECT count(*) FROM device') - maxDevices
  if (tooMany > 0) {
    const oldest = `SELECT id FROM device ORDER BY learnt IS NOT NULL, ${lastSeen}, identity LIMIT ?`
    return changed(db, `DELETE FROM device WHERE id IN (${oldest})`, Math.min(tooMany, SLICE_ROWS))
  }
  const isEmpty = 'NOT EXISTS (SELECT 1 FROM transfer WHERE transfer.run = run.id)'
  return changed(
    db,
    // One that runs has its first transfer still to come.
    `DELETE FROM run WHERE id IN (SELECT id FROM run WHERE started_ms < ? AND clean <> 0 AND ${isEmpty} LIMIT ?)`,
    old,
    SLICE_ROWS,
  )
}

/** Without pages that are free for what comes. */
function usedBytes(db: DatabaseSync): number {
  const pages = numberOf(db, 'PRAGMA page_count') - numberOf(db, 'PRAGMA freelist_count')
  return pages * numberOf(db, 'PRAGMA page_size')
}

function changed(db: DatabaseSync, statement: string, ...values: number[]): boolean {
  return Number(db.prepare(statement).run(...values).changes) > 0
}

function numberOf(db: DatabaseSync, query: string): number {
  const row = db.prepare(query).get() ?? {}
  return Number(Object.values(row)[0])
}
