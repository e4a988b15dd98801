/**
 * The one error type that leaves Foresend. Callers match on `code`, which never changes once published;
 * the message is for people: what happened, to which file and peer, and what to do next, on one line.
 */

/** Whose side a failure comes from: this machine, the other end, the way between, or the file itself. */
export type Fault = 'local' | 'peer' | 'network' | 'content'

/** Every code in use, one place to look them up. */
export type ErrorCode =
  | 'ERR_TFTP_ABORTED' // this side ended the transfer (shutdown, cancelled)
  | 'ERR_TFTP_TIMEOUT' // the peer stopped answering
  | 'ERR_TFTP_UNREACHABLE' // ICMP: nobody listens at the peer's port any more
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
  | 'ERR_TFTP_INTERNAL'

export interface ForesendErrorOptions {
  readonly fault: Fault
  /** The code in the ERROR packet that was sent or received (RFC 1350 appendix, RFC 2347). */
  readonly wireCode?: number
  readonly cause?: unknown
}

export class ForesendError extends Error {
  override readonly name = 'ForesendError'
  readonly code: ErrorCode
  readonly fault: Fault
  readonly wireCode: number | undefined

  constructor(code: ErrorCode, message: string, options: ForesendErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fault = options.fault
    this.wireCode = options.wireCode
  }
}
