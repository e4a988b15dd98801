/** The screen of `foresend top` as lines: what stands on it follows from the model alone. */
import type { TransferView } from '../../control/http/view.ts'
import type { TransferEvent } from '../../endpoint/contract.ts'
import { escapeText } from '../../packet/index.ts'
import { type Column, tableLines } from '../lab/render/table.ts'
import { name, safeLine } from '../render/pretty.ts'
import type { Style } from '../render/style.ts'
import { soFar } from '../render/summary.ts'
import { durationText, rateText, sizeText } from '../render/units.ts'
import type { TopModel } from './model.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

const KEYS = 'up/down select  s sort  / filter  p plot  a abort  q quit'
/** Ends that are shown where there is room for them. */
const MAX_ENDED = 5
const MAX_FILE_CHARS = 40

/** `plot` stands in the place of the table. Never more lines than rows. */
export function screenLines(
  model: TopModel,
  { columns, rows }: Size,
  now: number,
  style: Style,
  plot?: readonly string[],
): string[] {
  const transfers = model.rows()
  const ended = model.ended.slice(0, Math.min(MAX_ENDED, Math.max(0, rows - 10)))
  const head = headLines(model, transfers.length, now, style)
  const foot = [...endedLines(ended, style), footLine(model, style)]
  const room = Math.max(1, rows - head.length - foot.length - 1)
  const body = plot?.slice(0, room) ?? tableOf(transfers, model, room, now, style)
  return [...head, ...body, ...foot].map((line) => cut(line, columns)).slice(0, rows - 1)
}

function headLines(model: TopModel, shown: number, now: number, style: Style): string[] {
  const { stats, version, sort, filter } = model
  if (stats === undefined) return ['asking the server …', '']
  const running = stats.transfers.running
  const filtered = filter === '' ? '' : `, ${shown} of them with "${escapeText(filter)}"`
  return [
    `${style.strong(`Foresend ${version}`)}, up ${durationText(Math.max(0, now - stats.since))}: ${running} running${filtered}, by ${sort}`,
    soFar(stats, running),
    '',
  ]
}

function tableOf(
  transfers: readonly TransferView[],
  model: TopModel,
  room: number,
  now: number,
  style: Style,
): string[] {
  if (transfers.length === 0) return [style.dim(model.filter === '' ? 'no transfer runs' : 'no transfer has that')]
  const { selected } = model
  const at = transfers.findIndex(({ id }) => id === selected)
  // The heading, and a line that says how many are not shown.
  const fits = Math.max(1, room - 2)
  const from = Math.max(0, Math.min(at - Math.floor(fits / 2), transfers.length - fits))
  const shown = transfers.slice(from, from + fits)
  const columns: Column<TransferView>[] = [
    { title: ' ', text: ({ id }) => (id === selected ? '>' : ' '), paint: style.strong },
    { title: 'client', text: ({ client }) => escapeText(client) },
    {
      title: 'file',
      text: (one) => cutEnd(`${one.direction === 'read' ? '' : 'stores '}${name(one)}`, MAX_FILE_CHARS),
    },
    {
      title: 'state',
      text: ({ state }) => state,
      paint: (text, { state }) => (state === 'stalled' ? style.careful(text) : text),
    },
    { title: 'done', right: true, text: doneText },
    { title: 'speed', right: true, text: ({ rateBytesPerSec }) => rateText(rateBytesPerSec) },
    { title: 'left', right: true, text: leftText },
    { title: 'window', right: true, text: ({ window }) => String(window) },
    { title: 'again', right: true, text: ({ retransmitted }) => String(retransmitted) },
    { title: 'time', right: true, text: ({ since }) => durationText(Math.max(0, now - since)) },
    { title: '', text: ({ id, inWords }) => (id === selected ? inWords : ''), paint: style.dim },
  ]
  const lines = tableLines(columns, shown, style).map((line) => line.trimEnd())
  return transfers.length > shown.length ? [...lines, style.dim(`and ${transfers.length - shown.length} more`)] : lines
}

function doneText({ bytes, sizeBytes }: TransferView): string {
  if (sizeBytes === undefined || sizeBytes === 0) return sizeText(bytes)
  return `${Math.floor((bytes * 100) / sizeBytes)} % of ${sizeText(sizeBytes)}`
}

function leftText({ bytes, sizeBytes, rateBytesPerSec }: TransferView): string {
  if (sizeBytes === undefined || rateBytesPerSec <= 0) return '-'
  return durationText(((sizeBytes - bytes) / rateBytesPerSec) * 1000)
}

function endedLines(ended: readonly TransferEvent[], style: Style): string[] {
  if (ended.length === 0) return []
  return ['', ...ended.map((event) => endedLine(event, style))]
}

function endedLine(event: TransferEvent, style: Style): string {
  const paint = event.event === 'failed' || event.event === 'refused' ? style.bad : style.dim
  const why = event.explanation ?? event.reason
  const what = why === undefined ? '' : `: ${safeLine(why)}`
  return `${paint(event.event)} ${escapeText(event.client)} ${name(event)}${what}`
}

function footLine({ prompt, filter, note }: TopModel, style: Style): string {
  if (prompt?.type === 'filter') return `filter: ${escapeText(filter)}_  (Enter keeps it, Esc drops it)`
  if (prompt?.type === 'abort') return `${style.bad('end')} the transfer of ${escapeText(prompt.client)}? y/n`
  return note === '' ? style.dim(KEYS) : note
}

function cutEnd(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}…`
}

/** To `columns` characters that are seen. Escape codes take no room, and stay whole. */
function cut(line: string, columns: number): string {
  let seen = 0
  let out = ''
  for (const [piece] of line.matchAll(/\x1b\[[\d;]*m|[^]/gu)) {
    if (piece.startsWith('\x1b')) out += piece
    else if (seen++ < columns) out += piece
  }
  return out
}
