/** The history of the server, opened for one question at a time: a broken file is set aside while the server runs. */
import { type Filter, Reader, type StoredTransfer } from '../../history/reader.ts'
import { jsonOf } from '../../history/json.ts'
import type { ApiSource } from '../source.ts'
import { nothingThere } from './problem.ts'

/** Throws a Problem where none is kept, and as Reader does. */
export function readHistory<T>({ stateFolder }: ApiSource, read: (reader: Reader) => T): T {
  if (stateFolder === undefined) throw nothingThere('this server keeps no history (--no-history)')
  const reader = new Reader(stateFolder)
  try {
    return read(reader)
  } finally {
    reader.close()
  }
}

/** `17` is a transfer of this run of the server, `h17` row 17 of the history. */
export type TransferName = { readonly run: number } | { readonly row: number }

/** Throws a Problem. */
export function nameOf(text: string): TransferName {
  const match = /^(h?)(\d{1,15})$/.exec(text)
  if (match === null) throw nothingThere('transfers have numbers: 17, or h17 for one of the history')
  return match[1] === '' ? { run: Number(match[2]) } : { row: Number(match[2]) }
}

/** Undefined where the history has none, or there is no history. One that is being diagnosed is there some seconds after its end. */
export function endedTransfer(source: ApiSource, name: TransferName): StoredTransfer | undefined {
  if (source.stateFolder === undefined) return undefined
  return readHistory(source, (reader) =>
    'row' in name ? reader.transfer(name.row) : reader.transferOfLastRun(name.run),
  )
}

export interface HistoryFilter {
  readonly device?: string | undefined
  readonly file?: string | undefined
  readonly outcome?: string | undefined
  readonly direction?: string | undefined
}

export interface HistoryPage {
  readonly transfers: readonly object[]
  readonly next: string | null
}

/** Rows that are looked at for one page, where few of them fit. The next page goes on behind them. */
const MAX_ROWS = 20_000
const PIECE_ROWS = 200

/** The newest first. Serving goes on between pieces. */
export async function historyPage(
  source: ApiSource,
  { device, file, outcome, direction }: HistoryFilter,
  limit: number,
  before: string | undefined,
): Promise<HistoryPage> {
  const isPlain = file === undefined && outcome === undefined && direction === undefined
  const fits = (row: StoredTransfer): boolean =>
    (file === undefined || row.asked.includes(file) || (row.served ?? '').includes(file)) &&
    (outcome === undefined || outcome === 'trouble' || row.outcome === outcome) &&
    (direction === undefined || row.direction === direction)
  const filter: Filter = {
    ...(device === undefined ? {} : { device }),
    // An index has them.
    ...(outcome !== undefined && outcome !== 'completed' && outcome !== 'probed' ? { failed: true } : {}),
  }
  const found: StoredTransfer[] = []
  let cursor = before === undefined ? undefined : cursorOf(before)
  for (let looked = 0; looked < MAX_ROWS; looked += PIECE_ROWS) {
    const wanted = isPlain ? limit : PIECE_ROWS
    const rows = readHistory(source, (reader) => reader.page(filter, wanted, cursor))
    for (const row of rows) {
      cursor = row
      if (fits(row)) found.push(row)
      if (found.length === limit) break
    }
    if (found.length === limit) break
    if (rows.length < wanted) return { transfers: found.map(jsonOf), next: null }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    transfers: found.map(jsonOf),
    next: cursor === undefined ? null : `${cursor.startedMs}-${cursor.id}`,
  }
}

function cursorOf(text: string): { startedMs: number; id: number } {
  const [startedMs = 0, id = 0] = text.split('-').map(Number)
  return { startedMs, id }
}
