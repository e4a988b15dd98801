/** What a server that runs says of itself, as lines for a person. */
import { addressPort, escapeText } from '../../packet/index.ts'
import type { ServerStats, TransferSnapshot } from '../../server/contract.ts'
import { type Column, tableLines } from '../lab/render/table.ts'
import { name } from './pretty.ts'
import type { Style } from './style.ts'
import { soFar } from './summary.ts'
import { countText, durationText, rateText, sizeText } from './units.ts'

export interface Status extends ServerStats {
  readonly version: string
  readonly pid: number
  readonly listening: readonly { readonly address: string; readonly port: number }[]
  readonly running: readonly TransferSnapshot[]
}

/** Rows of a table that a terminal still shows; --json has all. */
const MAX_ROWS = 40

export function statusLines(status: Status, now: number, style: Style): string[] {
  const { version, pid, listening, running, since } = status
  const places = listening.map(({ address, port }) => addressPort(address, port)).join(', ')
  const lines = [
    `Foresend ${version}, process ${pid}, listening on ${places} for ${durationText(Math.max(0, now - since))}`,
    soFar(status, running.length),
  ]
  if (running.length === 0) return [...lines, 'no transfer runs']
  const columns: Column<TransferSnapshot>[] = [
    { title: 'no.', right: true, text: ({ id }) => String(id) },
    { title: 'client', text: ({ client }) => escapeText(client) },
    { title: 'file', text: (one) => `${one.direction === 'read' ? '' : 'stores '}${name(one)}` },
    {
      title: 'state',
      text: ({ state }) => state,
      paint: (text, { state }) => (state === 'stalled' ? style.careful(text) : text),
    },
    { title: 'done', right: true, text: doneText },
    { title: 'speed', right: true, text: ({ rateBytesPerSec }) => rateText(rateBytesPerSec) },
    { title: 'time', right: true, text: (one) => durationText(Math.max(0, now - one.since)) },
    { title: '', text: ({ retransmitted }) => (retransmitted === 0 ? '' : `${retransmitted} sent again`) },
  ]
  lines.push(...tableLines(columns, running.slice(0, MAX_ROWS), style).map((line) => line.trimEnd()))
  if (running.length > MAX_ROWS) lines.push(`and ${countText(running.length - MAX_ROWS, 'more transfer')}`)
  return lines
}

function doneText({ bytes, sizeBytes }: TransferSnapshot): string {
  if (sizeBytes === undefined || sizeBytes === 0) return sizeText(bytes)
  return `${Math.floor((bytes * 100) / sizeBytes)} % of ${sizeText(sizeBytes)}`
}

/** One line when it is watched, else one for each counter. */
export function statLines(
  stats: ServerStats,
  before: ServerStats | undefined,
  ms: number,
  isWatched: boolean,
): string[] {
  if (!isWatched) return counters(stats).map(([title, value]) => `${String(value).padStart(12)}  ${title}`)
  const { transfers, bytes, network } = stats
  const seconds = Math.max(0.001, ms / 1000)
  const perSecond = (now: number, then: number | undefined): string =>
    then === undefined ? '-' : `${Math.round((now - then) / seconds)}/s`
  const moved =
    before === undefined ? 0 : (bytes.read + bytes.written - before.bytes.read - before.bytes.written) / seconds
  return [
    `${transfers.running} running, ${perSecond(transfers.requested, before?.transfers.requested)} asked, ` +
      `${perSecond(transfers.completed, before?.transfers.completed)} completed, ` +
      `${perSecond(transfers.failed, before?.transfers.failed)} failed, ` +
      `${perSecond(network.repeated, before?.network.repeated)} asked again, ${rateText(Math.round(moved))} in ended transfers`,
  ]
}

function counters({ transfers, bytes, network }: ServerStats): (readonly [string, number])[] {
  const { sendErrors, ...counted } = network
  return [
    ...Object.entries(transfers).map(([key, value]) => [`transfers ${key}`, value] as const),
    ...Object.entries(bytes).map(([key, value]) => [`bytes ${key}`, value] as const),
    ...Object.entries(counted).map(([key, value]) => [`network ${words(key)}`, value] as const),
    ...Object.entries(sendErrors).map(([key, value]) => [`network send error ${key}`, value] as const),
  ]
}

/** `receiveErrors`: `receive errors`. */
function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
