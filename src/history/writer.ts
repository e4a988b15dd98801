/** Writes batches: each is a transaction, in the database whole or not at all. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Batch, COLUMNS, type Run, type TransferRow } from './batch.ts'
import { macOf, mergeLearnt } from './devices.ts'

/** Of the bytes in `trace.data`. */
export const TRACE_FORMAT = 1

/** Where a row has it. */
const STARTED_MS = 2 + COLUMNS.indexOf('started_ms')

/** What the transfers of a batch say of one device. */
interface Seen {
  address: string
  firstMs: number
  lastMs: number
  id: number
}

// A device's row is the same in whatever order its transfers come, and however often.
const UPSERT_DEVICE = `
  INSERT INTO device (identity, mac, address, first_ms, last_ms) VALUES (?1, ?2, ?3, ?4, ?5)
  ON CONFLICT (identity) DO UPDATE SET
    address = CASE WHEN last_ms IS NULL OR ?5 > last_ms OR (?5 = last_ms AND ?3 > address) THEN ?3 ELSE address END,
    first_ms = min(ifnull(first_ms, ?4), ?4),
    last_ms = max(ifnull(last_ms, ?5), ?5)
  RETURNING id`

const VALUES = ['run', 'seq', 'device', ...COLUMNS]
const INSERT_TRANSFER = `
  INSERT INTO transfer (${VALUES.join(', ')}) VALUES (${VALUES.map(() => '?').join(', ')})
  ON CONFLICT (run, seq) DO NOTHING`

export class Writer {
  readonly #db: DatabaseSync
  readonly #run: number
  readonly #upsertDevice: StatementSync
  readonly #insertTransfer: StatementSync
  readonly #insertTrace: StatementSync

  /** The run is in the database from now on. */
  constructor(db: DatabaseSync, { uid, version, node, startedMs }: Run) {
    this.#db = db
    // A database that came back after trouble knows the run already.
    const row = db
      .prepare(
        `INSERT INTO run (uid, version, node, started_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT (uid) DO UPDATE SET clean = 0 RETURNING id`,
      )
      .get(Buffer.from(uid, 'hex'), version, node, Math.round(startedMs))
    this.#run = Number(row?.id)
    this.#upsertDevice = db.prepare(UPSERT_DEVICE)
    this.#insertTransfer = db.prepare(INSERT_TRANSFER)
    this.#insertTrace = db.prepare('INSERT INTO trace (transfer, format, data) VALUES (?, ?, ?)')
  }

  /** Throws what SQLite throws; then nothing of the batch is there. */
  write({ ended, learnt }: Batch): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const devices = this.#seeDevices(ended)
      for (const row of ended) this.#insert(row, devices.get(row[1])?.id ?? null)
      for (const update of learnt) mergeLearnt(this.#db, update)
      this.#db.exec('COMMIT')
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /** The run ended as it should. */
  end(): void {
    this.#db.prepare('UPDATE run SET clean = 1 WHERE id = ?').run(this.#run)
  }

  /** One statement for each device of the batch, however many transfers it has there. */
  #seeDevices(ended: readonly TransferRow[]): Map<string, Seen> {
    const devices = new Map<string, Seen>()
    for (const row of ended) {
      const [, identity, address] = row
      if (identity === '') continue
      const ms = row[STARTED_MS] as number
      const seen = devices.get(identity)
      if (seen === undefined) {
        devices.set(identity, { address, firstMs: ms, lastMs: ms, id: 0 })
        continue
      }
      if (ms > seen.lastMs || (ms === seen.lastMs && address > seen.address)) seen.address = address
      seen.firstMs = Math.min(seen.firstMs, ms)
      seen.lastMs = Math.max(seen.lastMs, ms)
    }
    for (const [identity, seen] of devices) {
      const { address, firstMs, lastMs } = seen
      seen.id = Number(this.#upsertDevice.get(identity, macOf(identity), address, firstMs, lastMs)?.id)
    }
    return devices
  }

  #insert(row: TransferRow, device: number | null): void {
    const values = row.slice(2, -1)
    const { changes, lastInsertRowid } = this.#insertTransfer.run(this.#run, row[0], device, ...values)
    const trace = row[row.length - 1]
    if (typeof trace !== 'string' || Number(changes) === 0) return
    this.#insertTrace.run(lastInsertRowid, TRACE_FORMAT, Buffer.from(trace, 'base64'))
  }
}
