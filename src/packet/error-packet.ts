/**
 * ERROR (RFC 1350 §5): ends the transfer, is never answered and never acknowledged.
 *
 *     0       2       4
 *     +-------+-------+---------- - - ----------+---+
 *     |   5   | code  |  message for a person   | 0 |
 *     +-------+-------+---------- - - ----------+---+
 */
import { type ForesendError, MAX_PEER_TEXT } from '../error.ts'
import { fault, OPCODE, type Parsed, readOpcode, WIRE_ERROR } from './opcode.ts'
import { decodeText, encodeCut, findNul, PacketWriter } from './text.ts'

/** An ERROR of ours never outgrows a default DATA packet's payload: small devices have small buffers. */
const MAX_ERROR_BYTES = 512
const MAX_MESSAGE_BYTES = MAX_ERROR_BYTES - 4 - 1

export interface ErrorPacket {
  /** Any number of 16 bits; `WIRE_ERROR` names those in use. */
  readonly wireCode: number
  /** As the peer sent it, not escaped; the first 507 bytes of it. */
  readonly message: string
}

/**
 * Reads `length` bytes of `b` from `offset`. Never throws. Four bytes are enough: devices send ERRORs without a message
 * or without its NUL, and an ERROR must end the transfer all the same.
 */
export function parseError(b: Uint8Array, offset: number, length: number): Parsed<ErrorPacket> {
  const end = Math.min(offset + length, b.length)
  if (readOpcode(b, offset, length) !== OPCODE.error || end - offset < 4) {
    return fault(WIRE_ERROR.illegal, 'not an ERROR packet')
  }
  const from = offset + 4
  const limit = Math.min(end, from + MAX_MESSAGE_BYTES)
  const nul = findNul(b, from, limit)
  const wireCode = (b[offset + 2] << 8) | b[offset + 3]
  return { ok: true, value: { wireCode, message: decodeText(b, from, nul < 0 ? limit : nul) } }
}

/** The ERROR for `error`: its wire code (0 without one) and its text for the peer, never its message. */
export function encodeErrorFor(error: ForesendError): Uint8Array {
  return encodePeerError(error.wireCode ?? WIRE_ERROR.undefined, error.peerText)
}

/** The ERROR with a text for a peer: printable ASCII, cut to MAX_PEER_TEXT bytes. The text must not come from a request or a path. */
export function encodePeerError(wireCode: number, peerText: string): Uint8Array {
  return encodeError(wireCode, peerText.replace(/[^ -~]/g, '?').slice(0, MAX_PEER_TEXT))
}

/**
 * The bytes of an ERROR with any text, for models of other programs: UTF-8, NULs in `message` turned into spaces, cut between
 * characters to 512 bytes in all. What Foresend itself sends is made by `encodeErrorFor` and `encodePeerError`.
 */
export function encodeError(wireCode: number, message: string): Uint8Array {
  const text = encodeCut(message.replaceAll('\0', ' '), MAX_MESSAGE_BYTES)
  return new PacketWriter(OPCODE.error).uint16(wireCode).raw(text, text.length).finish()
}
