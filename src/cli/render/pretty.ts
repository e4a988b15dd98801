/** Server events as lines for a person: when, who, what, and what to do next. */
import type { TransferEvent } from '../../endpoint/contract.ts'
import { addressPort, escapeText } from '../../packet/index.ts'
import type { ServerEvent } from '../../server/contract.ts'
import { confidenceText, sentence } from './sentence.ts'
import { PLAIN, type Style } from './style.ts'
import { clockText, countText, durationText, rateText } from './units.ts'

type Write = (event: TransferEvent, style: Style) => string

/** One line for an event, without a line end; '' for a kind that is newer than this program. */
export function eventLine(event: ServerEvent, style: Style): string {
  const text = eventText(event, style)
  return text === '' ? '' : `${style.dim(clockText(event.time))} ${text}`
}

/** The same without the time, for a log that has its own. */
export function eventText(event: ServerEvent, style: Style = PLAIN): string {
  switch (event.event) {
    case 'listening':
      return `listening on ${listeningPlace(event.address, event.port)} (${event.driver})`
    case 'notice':
      return style.careful(safeLine(event.message))
    default:
      // A kind that is newer than this program is no line.
      return LINES[event.event]?.(event, style) ?? ''
  }
}

const LINES: Record<TransferEvent['event'], Write> = {
  requested: (e, style) => style.dim(`${who(e)} ${e.direction === 'read' ? 'asks for' : 'wants to store'} ${name(e)}`),
  refused: (e, style) => `${style.bad('refused')} ${who(e)} ${name(e)}: ${why(e)}`,
  probed: (e, style) => style.dim(`${who(e)} only asked how large ${name(e)} is (UEFI does so before it loads)`),
  started: (e, style) => style.dim(`${who(e)} ${e.direction === 'read' ? 'takes' : 'sends'} ${name(e)}${terms(e)}`),
  progress: (e, style) => style.dim(`${who(e)} is at ${position(e)} of ${name(e)}, ${rateText(e.rateBytesPerSec)}`),
  stalled: (e, style) =>
    style.careful(`${who(e)} has stopped at ${position(e)} of ${name(e)}; trying to bring it back${diagnosed(e)}`),
  recovered: (e, style) => style.dim(`${who(e)} goes on with ${name(e)} at ${position(e)}${diagnosed(e)}`),
  'window-changed': (e, style) => style.dim(`${who(e)} now gets ${countText(e.window, 'block')} at a time`),
  superseded: (e, style) =>
    style.careful(`${who(e)} asked for ${name(e)} again and starts over (it was at ${position(e)})${diagnosed(e)}`),
  completed,
  failed: (e, style) => `${style.bad('failed')} ${who(e)} ${name(e)} at ${position(e)}: ${why(e)}${diagnosed(e)}`,
}

function completed(e: TransferEvent, style: Style): string {
  const verb = e.direction === 'read' ? 'has' : 'stored'
  const facts = `${countText(e.bytes, 'byte')} in ${durationText(e.ms)}, ${rateText(e.rateBytesPerSec)}${repeats(e)}`
  if (e.lastAck !== 'missing') {
    return `${style.good('completed')} ${who(e)} ${verb} ${name(e)}: ${facts}${checksum(e)}${diagnosed(e)}`
  }
  const verify =
    e.crc32 === undefined ? 'verify on the device' : `verify on the device${checksum(e).replace('; ', ': ')}`
  return `${style.careful('probably complete')} ${who(e)} ${name(e)}: ${facts}. Only its last acknowledgement is missing; ${verify}${diagnosed(e)}`
}

/** Nothing for a healthy transfer: one datagram for each block. */
function repeats(e: TransferEvent): string {
  if (e.datagrams === e.blocks && e.retransmitted === 0) return ''
  const verb = e.direction === 'read' ? 'sent' : 'received'
  return `, ${countText(e.datagrams, 'datagram')} for ${countText(e.blocks, 'block')} (${e.retransmitted} ${verb} again)`
}

/** U-Boot counts in hexadecimal and prints the CRC in eight digits. */
function checksum(e: TransferEvent): string {
  if (e.crc32 === undefined) return ''
  if (e.direction === 'write') return `; CRC32 ${e.crc32}`
  return `; CRC32 ${e.crc32} (in U-Boot: crc32 LOADADDR ${e.bytes.toString(16)})`
}

function terms(e: TransferEvent): string {
  const parts = [
    ...(e.sizeBytes === undefined ? [] : [countText(e.sizeBytes, 'byte')]),
    ...(e.blksize === undefined ? [] : [`in blocks of ${e.blksize}`]),
    ...(e.window > 1 ? [`${e.window} at a time`] : []),
  ]
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

function position(e: TransferEvent): string {
  const share =
    e.sizeBytes === undefined || e.sizeBytes === 0 ? '' : ` (${Math.floor((e.bytes * 100) / e.sizeBytes)} %)`
  return `byte ${e.bytes}${share}`
}

function why(e: TransferEvent): string {
  return safeLine(e.reason ?? e.code ?? 'no reason given')
}

/** What the diagnosis of its packets found; nothing for most transfers. */
function diagnosed({ confidence = 0, explanation, advice = '' }: TransferEvent): string {
  if (explanation === undefined) return ''
  return `. ${sentence(`${confidenceText(confidence)}: ${explanation}`)} ${sentence(advice)}`
}

function who(e: TransferEvent): string {
  return escapeText(e.client)
}

/** The name as the peer asked for it, in quotes where it has spaces or nothing at all. */
export function name(e: { readonly file: string }): string {
  const escaped = escapeText(e.file)
  return escaped === '' || escaped.includes(' ') ? `"${escaped}"` : escaped
}

/** Our own sentences, which may quote a peer: no control character gets through, and it stays one line. */
export function safeLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, (run) => (/^[\r\n\t]+$/.test(run) ? ' ' : hex(run)))
}

function hex(run: string): string {
  return [...run].map((c) => `\\x${(c.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`).join('')
}

function listeningPlace(address: string, port: number): string {
  if (address === '0.0.0.0') return `UDP port ${port} of every IPv4 address`
  return address === '::' ? `UDP port ${port} of every IPv6 address` : addressPort(address, port)
}
