/**
 * RRQ and WRQ (RFC 1350 §5, options RFC 2347).
 *
 *     0       2
 *     +-------+---------- - - ----------+---+------- - - -------+---+--------- - - - - -
 *     | 1 | 2 |  filename, 1..512 bytes | 0 |  mode, any case   | 0 |  options (options.ts)
 *     +-------+---------- - - ----------+---+------- - - -------+---+--------- - - - - -
 */
import { escapeText } from './escape.ts'
import { fault, OPCODE, type Parsed, readOpcode, WIRE_ERROR } from './opcode.ts'
import { type Option, parseOptions, writeOptions } from './options.ts'
import { decodeText, findNul, lowerAscii, PacketWriter } from './text.ts'

/** RFC 1350 leaves the length open; a request must fit 512 bytes there, and no file system needs more. */
export const MAX_FILENAME_BYTES = 512
const MODES = ['octet', 'netascii', 'mail'] as const
const MAX_MODE_BYTES = 8

/** Transfer mode. `mail` is parsed so that it can be refused by name. */
export type Mode = (typeof MODES)[number]

/** What a peer asks for. `opcode` is OPCODE.rrq or OPCODE.wrq; `filename` is as on the wire, unchecked and unescaped. */
export interface Request {
  readonly opcode: 1 | 2
  readonly filename: string
  readonly mode: Mode
  readonly options: readonly Option[]
}

/** Reads `length` bytes of `b` from `offset`. Never throws; faults carry wire code 4, or 8 when an option is at fault. */
export function parseRequest(b: Uint8Array, offset: number, length: number): Parsed<Request> {
  const end = Math.min(offset + length, b.length)
  const opcode = readOpcode(b, offset, length)
  if (opcode !== OPCODE.rrq && opcode !== OPCODE.wrq) return fault(WIRE_ERROR.illegal, 'not a read or write request')

  const nameEnd = findNul(b, offset + 2, end)
  if (nameEnd < 0) return fault(WIRE_ERROR.illegal, 'the filename has no end')
  if (nameEnd === offset + 2) return fault(WIRE_ERROR.illegal, 'the filename is empty')
  if (nameEnd - offset - 2 > MAX_FILENAME_BYTES) {
    return fault(WIRE_ERROR.illegal, `the filename is longer than ${MAX_FILENAME_BYTES} bytes`)
  }

  const modeEnd = findNul(b, nameEnd + 1, end)
  if (modeEnd < 0) return fault(WIRE_ERROR.illegal, 'the mode has no end')
  const mode = parseMode(b, nameEnd + 1, modeEnd)
  if (mode === undefined) {
    const shown = escapeText(decodeText(b, nameEnd + 1, Math.min(modeEnd, nameEnd + 1 + 2 * MAX_MODE_BYTES)))
    return fault(WIRE_ERROR.illegal, `unknown mode "${shown}"; use octet or netascii`)
  }

  const options = parseOptions(b, modeEnd + 1, end)
  if (!options.ok) return options
  const filename = decodeText(b, offset + 2, nameEnd)
  return { ok: true, value: { opcode, filename, mode, options: options.value } }
}

/** The bytes of a request. Throws ERR_TFTP_USAGE for a name or option that TFTP cannot carry (NUL, too long, empty). */
export function encodeRequest(request: Request): Uint8Array {
  const writer = new PacketWriter(request.opcode)
  writer.name(request.filename, MAX_FILENAME_BYTES, 'the filename')
  writer.text(request.mode, MAX_MODE_BYTES, 'the mode')
  writeOptions(writer, request.options)
  return writer.finish()
}

function parseMode(b: Uint8Array, from: number, end: number): Mode | undefined {
  if (end - from > MAX_MODE_BYTES) return undefined
  const text = lowerAscii(decodeText(b, from, end))
  return MODES.find((mode) => mode === text)
}
