/** The history as lines for a person, and as plain objects for programs. */
import type { StoredDevice, StoredTransfer } from '../history/reader.ts'
import { addressPort, escapeText } from '../packet/index.ts'
import type { TraceEntry } from '../transfer/trace.ts'
import { tracePlot } from './history-plot.ts'
import { type Column, tableLines } from './lab/render/table.ts'
import { name, safeLine } from './render/pretty.ts'
import type { Style } from './render/style.ts'
import { countText, durationText, rateText, sizeText } from './render/units.ts'

/** Packets that are listed below a plot: the last round trips. */
const LISTED_PACKETS = 16
/** Names can be longer than a line. */
const MAX_FILE_COLUMNS = 40

export function listLines(transfers: readonly StoredTransfer[], style: Style): string[] {
  const columns: Column<StoredTransfer>[] = [
    { title: 'no.', right: true, text: ({ id }) => String(id) },
    { title: 'when', text: ({ startedMs }) => whenText(startedMs) },
    { title: 'device', text: ({ mac, address }) => mac ?? escapeText(address) },
    {
      title: 'file',
      text: (transfer) => cut(`${transfer.direction === 'read' ? '' : 'stored '}${fileText(transfer)}`),
    },
    { title: 'ended', text: endText, paint: (text, transfer) => paintOf(transfer, style)(text) },
    { title: 'size', right: true, text: ({ bytes }) => (bytes === 0 ? '-' : sizeText(bytes)) },
    { title: 'time', right: true, text: ({ ms }) => durationText(ms) },
    { title: 'speed', right: true, text: ({ bytes, ms }) => speedText(bytes, ms) },
    { title: '', text: remark },
  ]
  return tableLines(columns, transfers, style).map((line) => line.trimEnd())
}

export function showLines(
  transfer: StoredTransfer,
  trace: readonly TraceEntry[] | undefined,
  columns: number,
  style: Style,
): string[] {
  const { id, startedMs, ms, bytes, sizeBytes, blocks, datagrams, repeats, stalls, window, blksize, crc32 } = transfer
  const ended = paintOf(transfer, style)(endText(transfer))
  const lines = [
    `${style.strong(`transfer ${id}`)}: ${escapeText(transfer.address)} ${transfer.direction === 'read' ? 'asked for' : 'wanted to store'} ${fileText(transfer)}: ${ended}`,
  ]
  const fact = (title: string, text: string | undefined): void => {
    if (text !== undefined && text !== '') lines.push(`  ${style.dim(title.padEnd(9))} ${text}`)
  }
  fact('when', `${whenText(startedMs)}, for ${durationText(ms)}`)
  fact('device', deviceText(transfer))
  fact('options', optionsText(transfer))
  const size = sizeBytes === undefined || sizeBytes === bytes ? '' : ` of ${sizeBytes}`
  fact('bytes', `${bytes}${size}, ${speedText(bytes, ms)}${crc32 === undefined ? '' : `, CRC32 ${crc32}`}`)
  const blocksOf = blksize === undefined ? '' : ` of ${blksize} bytes`
  fact(
    'packets',
    `${countText(datagrams, 'datagram')} for ${countText(blocks, 'block')}${blocksOf}, ${countText(repeats, 'repeat')}, ${countText(stalls, 'stall')}, ${countText(window, 'block')} at a time at its end`,
  )
  fact('error', transfer.code)
  fact('reason', transfer.reason === undefined ? undefined : safeLine(transfer.reason))
  fact('cause', causeText(transfer))
  if (trace === undefined) return [...lines, noTrace(transfer)]
  const packets = trace.slice(-LISTED_PACKETS)
  return [
    ...lines,
    '',
    ...tracePlot(trace, transfer, columns, style),
    '',
    style.dim(`the last ${countText(packets.length, 'packet')}, in seconds since the request`),
    ...packets.map((entry) => `  ${packetText(entry)}`),
  ]
}

export function deviceLines(devices: readonly StoredDevice[], style: Style): string[] {
  const columns: Column<StoredDevice>[] = [
    { title: 'device', text: ({ identity }) => escapeText(identity.trimEnd()) },
    { title: 'address', text: ({ address }) => escapeText(address) },
    { title: 'last seen', text: ({ lastMs }) => (lastMs === undefined ? '-' : whenText(lastMs)) },
    { title: 'transfers', right: true, text: ({ transfers }) => String(transfers) },
    { title: 'learnt', text: learntText },
  ]
  return tableLines(columns, devices, style).map((line) => line.trimEnd())
}

/** 2026-11-27 18:05:09, in the zone of this machine. */
function whenText(timeMs: number): string {
  const date = new Date(timeMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}

function fileText({ asked, served }: StoredTransfer): string {
  const wanted = name({ file: asked })
  return served === undefined || served === asked ? wanted : `${wanted} (${escapeText(served)})`
}

function cut(text: string): string {
  return text.length <= MAX_FILE_COLUMNS ? text : `${text.slice(0, MAX_FILE_COLUMNS - 1)}…`
}

function endText({ outcome, lastAck }: StoredTransfer): string {
  if (lastAck === 'missing') return 'probably complete'
  return outcome === 'superseded' ? 'began anew' : outcome === 'probed' ? 'asked for its size' : outcome
}

function paintOf({ outcome, lastAck }: StoredTransfer, style: Style): (text: string) => string {
  if (outcome === 'failed' || outcome === 'refused') return style.bad
  if (outcome === 'superseded' || lastAck === 'missing') return style.careful
  return outcome === 'completed' ? style.good : style.dim
}

function speedText(bytes: number, ms: number): string {
  return bytes === 0 || ms === 0 ? '-' : rateText((bytes * 1000) / ms)
}

/** What made a transfer remarkable, in a few words. */
function remark({ cause, code, repeats, stalls }: StoredTransfer): string {
  const parts = [
    ...(cause === undefined ? [] : [safeLine(cause)]),
    ...(code === undefined ? [] : [code]),
    ...(stalls === 0 ? [] : [countText(stalls, 'stall')]),
    ...(repeats === 0 ? [] : [`${repeats} sent again`]),
  ]
  return parts.join(', ')
}

function deviceText({ mac, address, port, device }: StoredTransfer): string {
  const kind = device === undefined ? '' : ` (${escapeText(device.slice(device.indexOf(' ') + 1).trimEnd())})`
  return `${mac === undefined ? '' : `${mac} at `}${escapeText(addressPort(address, port))}${kind}`
}

function optionsText({ optionsAsked, optionsAgreed }: StoredTransfer): string {
  if (optionsAsked === '') return 'none'
  return `asked ${escapeText(optionsAsked)}; agreed ${optionsAgreed === '' ? 'none' : escapeText(optionsAgreed)}`
}

function causeText({ cause, confidence }: StoredTransfer): string | undefined {
  if (cause === undefined) return undefined
  return `${safeLine(cause)}${confidence === undefined ? '' : ` (${Math.round(confidence * 100)} % sure)`}`
}

function noTrace({ outcome, stalls }: StoredTransfer): string {
  return outcome === 'failed' || outcome === 'superseded' || stalls > 0
    ? 'its packets were not kept, or are not there any more'
    : 'packets are kept of transfers that stalled or broke off, and this one did not'
}

function learntText({ learnt }: StoredDevice): string {
  if (learnt === undefined) return '-'
  const { window, countsRepeats } = learnt.learnt
  const parts = [
    ...(countsRepeats === true ? ['counts repeats'] : []),
    ...(window === undefined
      ? []
      : [`window ${window.windowBlocks}${window.gapMs > 0 ? `, gap ${Number(window.gapMs.toPrecision(2))} ms` : ''}`]),
  ]
  return parts.length === 0 ? 'healthy' : parts.join(', ')
}

const KIND_NAMES: Readonly<Record<TraceEntry['kind'], string>> = {
  other: 'something else',
  data: 'DATA',
  ack: 'ACK',
  error: 'ERROR',
  oack: 'OACK',
  through: '… to DATA',
  request: 'request',
}

function packetText({ ms, sent, kind, number }: TraceEntry): string {
  const what =
    kind === 'oack' || kind === 'request' || kind === 'other' ? KIND_NAMES[kind] : `${KIND_NAMES[kind]} ${number}`
  return `${(ms / 1000).toFixed(4).padStart(10)}  ${sent ? '→' : '←'} ${what}`
}
