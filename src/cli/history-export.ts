/** The history as CSV (RFC 4180) or as JSON lines, as fast as its reader takes it. */
import { once } from 'node:events'
import { jsonOf } from '../history/json.ts'
import type { Filter, Reader, StoredTransfer } from '../history/reader.ts'
import { jsonLine } from './render/json.ts'
import type { StreamOutput } from './render/output.ts'
import { safeLine } from './render/pretty.ts'

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

/** Read in one go: some hundred kilobytes. */
const PAGE_ROWS = 1000

const FIELDS = [
  'id',
  'started',
  'ms',
  'address',
  'port',
  'mac',
  'device',
  'direction',
  'asked',
  'served',
  'optionsAsked',
  'optionsAgreed',
  'outcome',
  'lastAck',
  'code',
  'reason',
  'cause',
  'confidence',
  'bytes',
  'sizeBytes',
  'blocks',
  'datagrams',
  'repeats',
  'window',
  'blksize',
  'stalls',
  'crc32',
  'hasTrace',
] as const

/** Resolves when the reader of `output` has everything, or is gone. */
export async function exportHistory(
  output: StreamOutput,
  reader: Reader,
  filter: Filter,
  format: ExportFormat,
): Promise<void> {
  const lineOf = format === 'csv' ? csvLine : (transfer: StoredTransfer): string => `${jsonLine(jsonOf(transfer))}\n`
  if (format === 'csv') output.write(`${FIELDS.join(',')}\r\n`)
  for (const page of reader.all(filter, PAGE_ROWS)) {
    output.write(page.map(lineOf).join(''))
    await taken(output)
    if (output.broken !== undefined) return
  }
  await taken(output)
}

/** Resolves when the stream has room again. */
async function taken({ stream }: StreamOutput): Promise<void> {
  // What is written in one turn leaves at the end of it.
  await Promise.resolve()
  if (stream.writableNeedDrain) await Promise.race([once(stream, 'drain'), once(stream, 'close')])
}

function csvLine(transfer: StoredTransfer): string {
  const values = jsonOf(transfer) as Readonly<Record<string, unknown>>
  return `${FIELDS.map((field) => csvValue(values[field])).join(',')}\r\n`
}

/** A text that a spreadsheet would take for a formula gets an apostrophe, which makes it a text there; names come from peers. */
function csvValue(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value !== 'string') return JSON.stringify(value)
  const safe = safeLine(value).replace(/^(?=[=+\-@])/, "'")
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
