import type { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { ended, failed, RUN, rows, update } from '../../test/support/history.ts'
import { tempFolder } from '../../test/support/temp-folder.ts'
import type { EndedTransfer } from './contract.ts'
import { openForWriting } from './database.ts'
import { type Limits, trim } from './retention.ts'
import { Writer } from './writer.ts'

const HOUR_MS = 3_600_000
const NOW = 1_700_000_000_000
const WIDE: Limits = { maxAgeMs: 1e12, maxTransfers: 1e9, maxBytes: 1e12, maxDevices: 1e9 }

function filled(transfers: readonly EndedTransfer[], learnt: Parameters<typeof update>[] = []): DatabaseSync {
  const { db } = openForWriting(tempFolder())
  new Writer(db, RUN).write({ ended: rows(...transfers), learnt: learnt.map((one) => update(...one)) })
  return db
}

/** `count` transfers, one each hour up to now, each of a device of its own. */
function hourly(count: number, more: () => EndedTransfer = () => ended()): EndedTransfer[] {
  return Array.from({ length: count }, (_, i) => {
    const { event, details, ...rest } = more()
    return { ...rest, event: { ...event, time: NOW - i * HOUR_MS }, details: { ...details, device: `device ${i}` } }
  })
}

function numberOf(db: DatabaseSync, query: string): number {
  return Number(Object.values(db.prepare(query).get() ?? {})[0])
}

function trimAll(db: DatabaseSync, limits: Partial<Limits>): number {
  let slices = 0
  while (trim(db, NOW, { ...WIDE, ...limits })) slices++
  return slices
}

describe('what goes', () => {
  test('nothing within the limits', () => {
    const db = filled(hourly(20, () => failed()))
    expect(trimAll(db, {})).toBe(0)
    expect(numberOf(db, 'SELECT count(*) FROM trace')).toBe(20)
    db.close()
  })

  test('transfers that are too old, with their traces, and devices that were not there since', () => {
    const db = filled(
      hourly(20, () => failed()),
      [['device 19', NOW, 2]],
    )
    trimAll(db, { maxAgeMs: 9.5 * HOUR_MS })
    expect(numberOf(db, 'SELECT count(*) FROM transfer')).toBe(10)
    expect(numberOf(db, 'SELECT count(*) FROM trace')).toBe(10)
    // What was learnt of the last one is new.
    expect(numberOf(db, 'SELECT count(*) FROM device')).toBe(11)
    db.close()
  })

  test('the oldest of too many, in slices', () => {
    const db = filled(hourly(2500))
    expect(trimAll(db, { maxTransfers: 200 })).toBeGreaterThanOrEqual(3)
    expect(numberOf(db, 'SELECT count(*) FROM transfer')).toBe(200)
    expect(numberOf(db, 'SELECT min(started_ms) FROM transfer')).toBe(Math.round(NOW - 199 * HOUR_MS - 12.5))
    db.close()
  })

  test('of too many bytes the traces first, then transfers; the file shrinks', () => {
    const trace = Buffer.alloc(32_768, 7).toString('base64')
    const db = filled(hourly(100, () => failed(trace)))
    const before = numberOf(db, 'PRAGMA page_count')
    trimAll(db, { maxBytes: 2_000_000 })
    expect(numberOf(db, 'SELECT count(*) FROM transfer')).toBe(100)
    expect(numberOf(db, 'SELECT sum(length(data)) FROM trace')).toBeLessThanOrEqual(1_000_000)
    expect(numberOf(db, 'PRAGMA page_count')).toBeLessThan(before)
    trimAll(db, { maxBytes: 1 })
    expect(numberOf(db, 'SELECT count(*) FROM transfer')).toBe(0)
    db.close()
  })

  test('devices that are too many: the oldest, and of those none first of which something was learnt', () => {
    const db = filled(hourly(10), [['device 9', NOW - 9 * HOUR_MS, 2]])
    trimAll(db, { maxDevices: 3 })
    const left = db.prepare('SELECT identity FROM device ORDER BY id').all()
    expect(left.map(({ identity }) => identity)).toEqual(['device 0', 'device 1', 'device 9'])
    expect(numberOf(db, 'SELECT count(*) FROM transfer WHERE device IS NULL')).toBe(7)
    db.close()
  })

  test('old runs of which nothing is left, but not the one that goes on', () => {
    const db = filled([])
    new Writer(db, { ...RUN, uid: 'e'.repeat(32), startedMs: 5 }).end()
    trimAll(db, { maxAgeMs: HOUR_MS })
    expect(db.prepare('SELECT started_ms FROM run').all()).toMatchObject([{ started_ms: RUN.startedMs }])
    db.close()
  })
})
