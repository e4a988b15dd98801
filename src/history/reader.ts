/** Reads a history while a server writes it, from another process. Each read sees one moment of the database. */
import { existsSync, statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { ForesendError } from '../error.ts'
import type { DeviceUpdate } from '../profile/memory.ts'
import { readTrace, type TraceEntry } from '../transfer/trace.ts'
import { databasePath, refuseOthers } from './database.ts'
import { deviceIds, forgetLearnt, readLearnt, updateOf } from './devices.ts'
import { IS_FAILED, versionOf } from './schema.ts'
import { ERRCODE, errcodeOf, sqlite } from './sqlite.ts'
import { TRACE_FORMAT } from './writer.ts'

/** A server that writes is done well within this. */
const BUSY_MS = 1000

/** A transfer as the history has it. Texts of the peer are not escaped. */
export interface StoredTransfer {
  readonly id: number
  /** Milliseconds since the epoch. */
  readonly startedMs: number
  readonly ms: number
  readonly address: string
  readonly port: number
  readonly mac: string | undefined
  /** What the device is known by; undefined when that is unknown. */
  readonly device: string | undefined
  readonly direction: 'read' | 'write'
  readonly asked: string
  readonly served: string | undefined
  readonly optionsAsked: string
  readonly optionsAgreed: string
  /** The kind of its last event: completed, failed, refused, superseded, probed. */
  readonly outcome: string
  readonly lastAck: string | undefined
  readonly code: string | undefined
  readonly reason: string | undefined
  /** What a diagnosis found, and how sure it is (0 to 1). */
  readonly cause: string | undefined
  readonly confidence: number | undefined
  readonly bytes: number
  readonly sizeBytes: number | undefined
  readonly blocks: number
  readonly datagrams: number
  readonly repeats: number
  readonly window: number
  readonly blksize: number | undefined
  readonly stalls: number
  readonly crc32: string | undefined
  readonly hasTrace: boolean
}

export interface Filter {
  /** A MAC address, a network address, or the whole of what a device is known by. */
  readonly device?: string
  /** Only what did not complete, or lacks its last acknowledgement. */
  readonly failed?: boolean
}

/** Where a page ends: the next one begins behind it, whatever was added meanwhile. */
export type Cursor = Pick<StoredTransfer, 'id' | 'startedMs'>

export interface StoredDevice {
  readonly identity: string
  readonly mac: string | undefined
  /** The last one; '' when no transfer of it is left. */
  readonly address: string
  readonly firstMs: number | undefined
  readonly lastMs: number | undefined
  readonly learnt: DeviceUpdate | undefined
  readonly transfers: number
  /** Of its transfers: those that broke off. One that the client began anew, or that only lacks its last acknowledgement, is none of them. */
  readonly failed: number
  /** Of its transfers: requests that were refused. A client that tries one name after the other has many, and nothing is wrong with it. */
  readonly refused: number
}

/** Whether a server has kept something in `folder`. */
export function hasHistory(folder: string): boolean {
  return existsSync(databasePath(folder))
}

const COLUMNS = `transfer.id, started_ms, ms, transfer.address, port, mac, identity, direction, asked, served, options_asked, options_agreed,
  outcome, last_ack, code, reason, cause, confidence, bytes, size_bytes, blocks, datagrams, repeats, window, blksize, stalls, crc32,
  EXISTS (SELECT 1 FROM trace WHERE trace.transfer = transfer.id) AS has_trace`

type Row = Readonly<Record<string, unknown>>

export class Reader {
  readonly #db: DatabaseSync

  /** Throws ERR_TFTP_NOT_FOUND where there is no history in `folder`, and ERR_TFTP_ACCESS where it cannot be read. */
  constructor(folder: string) {
    this.#db = openDatabase(folder, true)
  }

  close(): void {
    this.#db.close()
  }

  /** The newest first. */
  page(filter: Filter, limit: number, before?: Cursor): StoredTransfer[] {
    return readable(() => this.#page(filter, limit, before))
  }

  /** Every transfer, the oldest first, in pages. */
  *all(filter: Filter, pageRows: number): Generator<StoredTransfer[]> {
    let after: Cursor | undefined
    for (;;) {
      const rows = readable(() => this.#page(filter, pageRows, after, 'ASC'))
      if (rows.length === 0) return
      after = rows.at(-1)
      yield rows
    }
  }

  transfer(id: number): StoredTransfer | undefined {
    return readable(() => {
      const row = this.#db
        .prepare(`SELECT ${COLUMNS} FROM transfer LEFT JOIN device ON device.id = device WHERE transfer.id = ?`)
        .get(id)
      return row === undefined ? undefined : transferOf(row)
    })
  }

  /** The transfer that the last server knew as `seq`. */
  transferOfLastRun(seq: number): StoredTransfer | undefined {
    return readable(() => {
      const row = this.#db
        .prepare(
          `SELECT ${COLUMNS} FROM transfer LEFT JOIN device ON device.id = device
           WHERE run = (SELECT max(id) FROM run) AND seq = ?`,
        )
        .get(seq)
      return row === undefined ? undefined : transferOf(row)
    })
  }

  /** The last packets of a transfer, the oldest first; undefined when they were not kept. */
  trace(id: number): TraceEntry[] | undefined {
    return readable(() => {
      const row = this.#db.prepare('SELECT format, data FROM trace WHERE transfer = ?').get(id)
      if (row === undefined || row.format !== TRACE_FORMAT) return undefined
      return readTrace(wordsOf(row.data as Uint8Array))
    })
  }

  /** Devices, the one that was there last first. */
  devices(limit: number): StoredDevice[] {
    return readable(() =>
      this.#db
        .prepare(
          `SELECT *, (SELECT count(*) FROM transfer WHERE device = device.id) AS transfers,
             ${countOf('failed')}, ${countOf('refused')}
           FROM device ORDER BY last_ms DESC, identity LIMIT ?`,
        )
        .all(limit)
        .map(deviceOf),
    )
  }

  #page(filter: Filter, limit: number, from: Cursor | undefined, order: 'ASC' | 'DESC' = 'DESC'): StoredTransfer[] {
    const ids = filter.device === undefined ? [undefined] : deviceIds(this.#db, filter.device)
    const sign = order === 'ASC' ? '>' : '<'
    const cursor = from === undefined ? '' : `AND (started_ms, transfer.id) ${sign} (${from.startedMs}, ${from.id})`
    const rows = ids.flatMap((id) =>
      this.#db
        .prepare(
          // Each device by itself, so that an index has its transfers in the order that is wanted.
          `SELECT ${COLUMNS} FROM transfer LEFT JOIN device ON device.id = transfer.device
           WHERE ${id === undefined ? '1' : `transfer.device = ${id}`} ${cursor}
           ${filter.failed === true ? `AND (${IS_FAILED})` : ''}
           ORDER BY started_ms ${order}, transfer.id ${order} LIMIT ?`,
        )
        .all(limit)
        .map(transferOf),
    )
    const direction = order === 'ASC' ? 1 : -1
    if (ids.length > 1) rows.sort((a, b) => direction * (a.startedMs - b.startedMs || a.id - b.id))
    return rows.slice(0, limit)
  }
}

/** What was learnt of devices, for a server that begins; nothing where that cannot be read, for whatever reason. */
export function learntIn(folder: string): DeviceUpdate[] {
  if (!hasHistory(folder)) return []
  try {
    const db = openDatabase(folder, true)
    try {
      return readLearnt(db)
    } finally {
      db.close()
    }
  } catch {
    // The thread that writes reports what is wrong.
    return []
  }
}

/**
 * Forgets what was learnt of the devices that `text` names; their transfers stay. What each of them is known by. A server that runs has
 * to be asked instead, as it has them in mind.
 */
export function forget(folder: string, text: string): string[] {
  const db = openDatabase(folder, false)
  try {
    return readable(() => forgetLearnt(db, text))
  } finally {
    db.close()
  }
}

function openDatabase(folder: string, readOnly: boolean): DatabaseSync {
  const path = databasePath(folder)
  if (!hasHistory(folder)) {
    if (isClosedTo(path)) {
      const message = `cannot read ${path}: not permitted; run this as the user of the server`
      throw new ForesendError('ERR_TFTP_ACCESS', message, { fault: 'local' })
    }
    throw new ForesendError(
      'ERR_TFTP_NOT_FOUND',
      `no history in ${folder}: \`foresend serve\` keeps one there or in the folder of its --state; name that with --state`,
      { fault: 'local' },
    )
  }
  return readable(() => {
    const db = new (sqlite().DatabaseSync)(path, { readOnly, timeout: BUSY_MS })
    try {
      refuseOthers(db, path)
      if (versionOf(db) === 0) throw notYet(path)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  }, path)
}

/** Nothing can be said of what lies in a folder that this user may not look into. */
function isClosedTo(path: string): boolean {
  try {
    statSync(path)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}

/** What SQLite throws, as an error that says what to do. */
function readable<T>(read: () => T, path = 'the history'): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ForesendError || errcodeOf(error) === undefined) throw error
    throw new ForesendError('ERR_TFTP_ACCESS', `cannot read ${path}: ${whyUnreadable(error)}`, {
      fault: 'local',
      cause: error,
    })
  }
}

function whyUnreadable(error: unknown): string {
  switch (errcodeOf(error)) {
    case ERRCODE.busy:
    case ERRCODE.locked:
      return 'another program holds it; try again'
    case ERRCODE.readOnly:
    case ERRCODE.cannotOpen:
      return 'not permitted; run this as the user of the server (its log needs to be written for that)'
    case ERRCODE.corrupt:
    case ERRCODE.notADatabase:
      return 'it is broken; the next `foresend serve` sets it aside and begins a new one'
    default:
      return (error as Error).message
  }
}

function notYet(path: string): ForesendError {
  return new ForesendError('ERR_TFTP_NOT_FOUND', `${path} is empty: no server has written to it yet; try again`, {
    fault: 'local',
  })
}

function transferOf(row: Row): StoredTransfer {
  return {
    id: row.id as number,
    startedMs: row.started_ms as number,
    ms: row.ms as number,
    address: row.address as string,
    port: row.port as number,
    mac: known(row.mac),
    device: known(row.identity),
    direction: row.direction as 'read' | 'write',
    asked: row.asked as string,
    served: known(row.served),
    optionsAsked: row.options_asked as string,
    optionsAgreed: row.options_agreed as string,
    outcome: row.outcome as string,
    lastAck: known(row.last_ack),
    code: known(row.code),
    reason: known(row.reason),
    cause: known(row.cause),
    confidence: known(row.confidence),
    bytes: row.bytes as number,
    sizeBytes: known(row.size_bytes),
    blocks: row.blocks as number,
    datagrams: row.datagrams as number,
    repeats: row.repeats as number,
    window: row.window as number,
    blksize: known(row.blksize),
    stalls: row.stalls as number,
    crc32: known(row.crc32),
    hasTrace: row.has_trace === 1,
  }
}

/** In the words of the partial index, which has all of them. */
function countOf(outcome: 'failed' | 'refused'): string {
  const where = `device = device.id AND (${IS_FAILED}) AND outcome = '${outcome}'`
  return `(SELECT count(*) FROM transfer WHERE ${where}) AS ${outcome}`
}

function deviceOf(row: Row): StoredDevice {
  return {
    identity: row.identity as string,
    mac: known(row.mac),
    address: row.address as string,
    firstMs: known(row.first_ms),
    lastMs: known(row.last_ms),
    learnt: updateOf(row),
    transfers: row.transfers as number,
    failed: row.failed as number,
    refused: row.refused as number,
  }
}

function known<T>(value: unknown): T | undefined {
  return value === null ? undefined : (value as T)
}

/** Little-endian in the file, as on every machine that Node runs on. */
function wordsOf(data: Uint8Array): Uint32Array {
  return new Uint32Array(data.buffer.slice(data.byteOffset, data.byteOffset + (data.length & ~7)))
}
