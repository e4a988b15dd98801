/** What comes to the listening port: requests that may be served, those that may not, and noise. */
import type { ErrorCode } from '../error.ts'
import { HEADER_BYTES, OPCODE, parseRequest, readOpcode, type Request, WIRE_ERROR } from '../packet/index.ts'

/** A request that is turned down at once. */
export interface Rejection {
  readonly verdict: 'reject'
  /** With an empty file name when it could not be read. */
  readonly request: Request
  readonly code: ErrorCode
  readonly wireCode: number
  /** For the person, and never for the peer: it may quote the request. */
  readonly reason: string
  /** For the peer; without it the text of the wire code. */
  readonly peerText?: string
  /** For the person who runs the server. */
  readonly advice: string
}

/** `silence` and `answer` are no requests; `answer` gets ERROR 4. */
export type Reading =
  | { readonly verdict: 'request'; readonly request: Request }
  | Rejection
  | { readonly verdict: 'answer'; readonly peerText: string }
  | { readonly verdict: 'silence' }

const SILENCE: Reading = { verdict: 'silence' }
const NOT_TFTP: Reading = { verdict: 'answer', peerText: 'not a TFTP request' }

/**
 * Reads `length` bytes of `buffer` from `offset`. DATA, ACK, ERROR and OACK stay unanswered (an ERROR never is, and the
 * others come late from a transfer that is over), as does what is too short to be a packet.
 */
export function readAtDoor(buffer: Uint8Array, offset: number, length: number, writable: boolean): Reading {
  if (length < HEADER_BYTES) return SILENCE
  const opcode = readOpcode(buffer, offset, length)
  if (!opensTransfer(opcode)) {
    return opcode >= OPCODE.data && opcode <= OPCODE.oack ? SILENCE : NOT_TFTP
  }
  const parsed = parseRequest(buffer, offset, length)
  if (!parsed.ok) {
    const request: Request = { opcode, filename: '', mode: 'octet', options: [] }
    const advice = 'check what sends it: this is no valid TFTP request'
    return reject(request, 'ERR_TFTP_BAD_REQUEST', parsed.wireCode, parsed.reason, advice)
  }
  const request = parsed.value
  if (request.mode === 'mail') {
    const advice = 'set the client to octet (binary)'
    return reject(request, 'ERR_TFTP_BAD_REQUEST', WIRE_ERROR.illegal, 'mode mail is not served', advice, true)
  }
  if (opcode === OPCODE.wrq && !writable) {
    const advice = 'start the server with --writable to allow them'
    return reject(request, 'ERR_TFTP_ACCESS', WIRE_ERROR.access, 'uploads are not allowed here', advice, true)
  }
  return { verdict: 'request', request }
}

/** Whether a datagram asks for a transfer. It may still be one that is turned down. */
export function isRequest(buffer: Uint8Array, offset: number, length: number): boolean {
  return opensTransfer(readOpcode(buffer, offset, length))
}

function opensTransfer(opcode: number): opcode is Request['opcode'] {
  return opcode === OPCODE.rrq || opcode === OPCODE.wrq
}

/** `forPeer`: the reason quotes nothing, and helps at the other end. */
function reject(
  request: Request,
  code: ErrorCode,
  wireCode: number,
  reason: string,
  advice: string,
  forPeer = false,
): Rejection {
  return { verdict: 'reject', request, code, wireCode, reason, advice, ...(forPeer ? { peerText: reason } : {}) }
}
