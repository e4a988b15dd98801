/** What was learnt of devices, as the database has it. */
import type { DatabaseSync } from 'node:sqlite'
import { type DeviceUpdate, MEMORY_DEVICES, mergeUpdates } from '../profile/memory.ts'
import type { LearntDevice, LearntWindow } from '../transfer/contract.ts'

/** An address that more devices had one after the other is more than a page shows. */
const MAX_DEVICES = 64
const MAC = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/

/** The MAC address in what a device is known by (profile/device-id.ts); null where it is known by its network address. */
export function macOf(identity: string): string | null {
  const [first = ''] = identity.split(' ', 1)
  return MAC.test(first) ? first : null
}

/** Everything that was learnt, the oldest first: as many devices as a server keeps in mind. */
export function readLearnt(db: DatabaseSync): DeviceUpdate[] {
  const rows = db
    .prepare(
      `SELECT identity, learnt, learnt_ms, learnt_count FROM device WHERE learnt IS NOT NULL
       ORDER BY learnt_ms DESC, identity LIMIT ?`,
    )
    .all(MEMORY_DEVICES)
  return rows.flatMap((row) => updateOf(row) ?? []).reverse()
}

/** Joins `update` to what `db` has of the device, by the rule that all tables of devices follow. */
export function mergeLearnt(db: DatabaseSync, update: DeviceUpdate): void {
  const row = db
    .prepare('SELECT identity, learnt, learnt_ms, learnt_count FROM device WHERE identity = ?')
    .get(update.device)
  const known = row === undefined ? undefined : updateOf(row)
  const { learnt, time, count } = known === undefined ? update : mergeUpdates(known, update)
  db.prepare(
    `INSERT INTO device (identity, mac, learnt, learnt_ms, learnt_count) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT (identity) DO UPDATE SET learnt = ?3, learnt_ms = ?4, learnt_count = ?5`,
  ).run(update.device, macOf(update.device), JSON.stringify(learnt), time, count)
}

/** Forgets what was learnt of the devices that `name` names; their transfers stay. What each of them is known by. */
export function forgetLearnt(db: DatabaseSync, name: string): string[] {
  const statement = db.prepare(
    `UPDATE device SET learnt = NULL, learnt_ms = NULL, learnt_count = NULL
     WHERE id = ? AND learnt IS NOT NULL RETURNING identity`,
  )
  return deviceIds(db, name).flatMap((id) => statement.all(id).map((row) => String(row.identity)))
}

/** The rows of the devices that `text` names: by a MAC address, a network address, or all that one is known by. */
export function deviceIds(db: DatabaseSync, text: string): number[] {
  const name = text.trim()
  const mac = name.toLowerCase().replaceAll('-', ':')
  const rows = db
    .prepare(
      `SELECT id FROM device WHERE mac = ?1 OR address = ?2 OR identity = ?2 ORDER BY last_ms DESC LIMIT ${MAX_DEVICES}`,
    )
    .all(mac, name)
  return rows.map((row) => Number(row.id))
}

/** What a row says; undefined when it says nothing, or what no version of this program wrote. */
export function updateOf(row: Readonly<Record<string, unknown>>): DeviceUpdate | undefined {
  const { identity, learnt, learnt_ms: time, learnt_count: count } = row
  if (typeof identity !== 'string' || typeof learnt !== 'string') return undefined
  if (typeof time !== 'number' || typeof count !== 'number') return undefined
  const read = learntOf(learnt)
  return read === undefined ? undefined : { device: identity, learnt: read, time, count }
}

function learntOf(text: string): LearntDevice | undefined {
  try {
    const { window, countsRepeats } = JSON.parse(text) as Partial<Record<keyof LearntDevice, unknown>>
    const known = windowOf(window)
    return { ...(known === undefined ? {} : { window: known }), ...(countsRepeats === true ? { countsRepeats } : {}) }
  } catch {
    return undefined
  }
}

function windowOf(value: unknown): LearntWindow | undefined {
  const { windowBlocks, gapMs } = (value ?? {}) as Partial<Record<keyof LearntWindow, unknown>>
  if (typeof windowBlocks !== 'number' || typeof gapMs !== 'number') return undefined
  return Number.isInteger(windowBlocks) && windowBlocks >= 1 && gapMs >= 0 ? { windowBlocks, gapMs } : undefined
}
