/**
 * OACK (RFC 2347): the options that the server takes, with its values, in answer to a request.
 *
 *     0       2
 *     +-------+--------- - - - - -
 *     |   6   |  options (options.ts)
 *     +-------+--------- - - - - -
 */
import { fault, OPCODE, type Parsed, readOpcode, WIRE_ERROR } from './opcode.ts'
import { type Option, parseOptions, writeOptions } from './options.ts'
import { PacketWriter } from './text.ts'

/** Reads `length` bytes of `b` from `offset`. Never throws; faults carry wire code 4 or 8. */
export function parseOack(b: Uint8Array, offset: number, length: number): Parsed<readonly Option[]> {
  if (readOpcode(b, offset, length) !== OPCODE.oack) return fault(WIRE_ERROR.illegal, 'not an OACK')
  return parseOptions(b, offset + 2, Math.min(offset + length, b.length))
}

/** The bytes of an OACK, options in the order given. Throws ERR_TFTP_USAGE for one that TFTP cannot carry. */
export function encodeOack(options: readonly Option[]): Uint8Array {
  const writer = new PacketWriter(OPCODE.oack)
  writeOptions(writer, options)
  return writer.finish()
}
