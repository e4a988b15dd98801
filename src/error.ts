/**
 * The one error type that leaves Foresend. Callers match on `code`, which never changes once published. It has two texts for two
 * readers. The message is for the person at this machine: what happened, to which file and peer, and what to do next, on one line.
 * The peer's text goes out in an ERROR packet and says nothing of this machine: no path, no other file's name.
 */

/** Whose side a failure comes from: this machine, the other end, the way between, or the file itself. */
export type Fault = 'local' | 'peer' | 'network' | 'content'

/** Every code in use, one place to look them up. */
export type ErrorCode =
  | 'ERR_TFTP_ABORTED' // this side ended the transfer (shutdown, cancelled)
  | 'ERR_TFTP_TIMEOUT' // the peer stopped answering
  | 'ERR_TFTP_UNREACHABLE' // ICMP: no program listens at the peer's port any more
  | 'ERR_TFTP_PEER_ERROR' // the peer sent an ERROR packet; wireCode has its number
  | 'ERR_TFTP_PROTOCOL' // the peer broke the protocol in a way that cannot be survived
  | 'ERR_TFTP_COUNTS_REPEATS' // the client counts a repeated block as the next one (rule A13)
  | 'ERR_TFTP_ORDER_LIED' // a client taken for in-order turned out to store any block (rule A1)
  | 'ERR_TFTP_NOT_FOUND'
  | 'ERR_TFTP_ACCESS'
  | 'ERR_TFTP_DISK_FULL'
  | 'ERR_TFTP_EXISTS'
  | 'ERR_TFTP_CHANGED' // the file changed while it was being sent
  | 'ERR_TFTP_CONTENT' // the file could not be read or written
  | 'ERR_TFTP_TOO_LARGE'
  | 'ERR_TFTP_OPTION' // option negotiation failed
  | 'ERR_TFTP_BAD_REQUEST' // the request cannot be parsed or asks for what TFTP does not have
  | 'ERR_TFTP_BUSY' // admission refused it
  | 'ERR_TFTP_BIND' // the port is taken or not permitted
  | 'ERR_TFTP_USAGE' // a flag or argument makes no sense
  | 'ERR_TFTP_CHECKSUM' // the bytes do not match the digest that the user gave
  | 'ERR_TFTP_CAPTURE' // a file is not a capture of packets
  | 'ERR_TFTP_INTERNAL'

export interface ForesendErrorOptions {
  readonly fault: Fault
  /** The code in the ERROR packet that was sent or received (RFC 1350 appendix, RFC 2347). */
  readonly wireCode?: number
  readonly cause?: unknown
  /** For the peer, instead of the text that its code has: printable ASCII, at most MAX_PEER_TEXT bytes, nothing of this machine. */
  readonly peerText?: string
}

/** What a small device shows in one line of its console. */
export const MAX_PEER_TEXT = 60

/** The text of an ERROR by wire code: the words of RFC 1350's appendix, and of RFC 2347 for 8. */
const BY_WIRE_CODE: Readonly<Record<number, string>> = {
  1: 'File not found',
  2: 'Access violation',
  3: 'Disk full or allocation exceeded',
  4: 'Illegal TFTP operation',
  5: 'Unknown transfer ID',
  6: 'File already exists',
  7: 'No such user',
  8: 'Option negotiation failed',
}

/** The text of an ERROR whose wire code is 0, "not defined". */
const BY_CODE: Readonly<Partial<Record<ErrorCode, string>>> = {
  ERR_TFTP_ABORTED: 'Transfer aborted',
  ERR_TFTP_TIMEOUT: 'Timed out',
  ERR_TFTP_PROTOCOL: 'Protocol violated',
  ERR_TFTP_COUNTS_REPEATS: 'A repeated block was taken for the next one',
  ERR_TFTP_ORDER_LIED: 'Blocks were taken out of order',
  ERR_TFTP_CHANGED: 'File changed while it was sent',
  ERR_TFTP_CONTENT: 'File could not be read or written',
  ERR_TFTP_TOO_LARGE: 'File too large',
  ERR_TFTP_BUSY: 'Busy, ask again later',
  ERR_TFTP_CHECKSUM: 'Checksum differs',
  ERR_TFTP_INTERNAL: 'Internal error',
}

export class ForesendError extends Error {
  override readonly name = 'ForesendError'
  readonly code: ErrorCode
  readonly fault: Fault
  readonly wireCode: number | undefined
  /** What an ERROR packet for this error says. */
  readonly peerText: string

  constructor(code: ErrorCode, message: string, options: ForesendErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fault = options.fault
    this.wireCode = options.wireCode
    this.peerText = options.peerText ?? peerTextFor(code, options.wireCode)
  }
}

/** The text for a peer by wire code, or by `code` where the wire code says nothing. */
export function peerTextFor(code: ErrorCode, wireCode = 0): string {
  return BY_WIRE_CODE[wireCode] ?? BY_CODE[code] ?? 'Transfer failed'
}
