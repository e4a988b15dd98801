/** A packet as a line that a person can read. */
import { readBlock } from './data-ack.ts'
import { parseError } from './error-packet.ts'
import { escapeText } from './escape.ts'
import { parseOack } from './oack.ts'
import { OPCODE, readOpcode } from './opcode.ts'
import type { Option } from './options.ts'
import { parseRequest } from './request.ts'

/**
 * `RRQ "boot.img" octet blksize=1428`, `DATA 7 (512 bytes)`, `ACK 7`, `OACK blksize=1428`, `ERROR 1 "File not found"`. What the
 * peer wrote is escaped for a terminal. Never throws; what is no packet of TFTP is named by its first bytes.
 */
export function packetText(b: Uint8Array, offset: number, length: number): string {
  const opcode = readOpcode(b, offset, length)
  switch (opcode) {
    case OPCODE.rrq:
    case OPCODE.wrq:
      return requestText(b, offset, length)
    case OPCODE.data:
      return length < 4 ? cutShort('DATA', length) : dataText(readBlock(b, offset), length - 4)
    case OPCODE.ack:
      return length < 4 ? cutShort('ACK', length) : `ACK ${readBlock(b, offset)}`
    case OPCODE.error: {
      const error = parseError(b, offset, length)
      return error.ok ? `ERROR ${error.value.wireCode} "${escapeText(error.value.message)}"` : cutShort('ERROR', length)
    }
    case OPCODE.oack: {
      const oack = parseOack(b, offset, length)
      return oack.ok ? `OACK${optionsText(oack.value)}` : `OACK that cannot be read (${oack.reason})`
    }
    default:
      return length < 2 ? `${length} bytes, too short for TFTP` : `unknown opcode ${opcode} (${length} bytes)`
  }
}

/** DATA of `bytes` bytes of payload, for a packet that is described before it is built. */
export function dataText(block: number, bytes: number): string {
  return `DATA ${block} (${bytes} bytes)`
}

function requestText(b: Uint8Array, offset: number, length: number): string {
  const name = readOpcode(b, offset, length) === OPCODE.rrq ? 'RRQ' : 'WRQ'
  const request = parseRequest(b, offset, length)
  if (!request.ok) return `${name} that cannot be read (${request.reason})`
  const { filename, mode, options } = request.value
  return `${name} "${escapeText(filename)}" ${mode}${optionsText(options)}`
}

function optionsText(options: readonly Option[]): string {
  return options.map(({ name, value }) => ` ${escapeText(name)}=${escapeText(value)}`).join('')
}

function cutShort(name: string, length: number): string {
  return `${name} cut short (${length} bytes)`
}
