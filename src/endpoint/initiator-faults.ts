/** Why a transfer that we asked for never began, or cannot be trusted, in words for a person. */
import { ForesendError } from '../error.ts'
import { type ErrorPacket, escapeText } from '../packet/index.ts'
import type { SenderSink } from '../transfer/contract.ts'

/** What to do about the ERRORs that servers really send, by wire code (RFC 1350 appendix). */
const ADVICE: Readonly<Record<number, string>> = {
  1: 'check the name and its case; it counts from the folder that the server serves',
  2: 'the server must allow it: check its permissions, and for uploads its --writable or -c',
  3: 'make room on the server',
  6: 'the server keeps what it has: choose another name or allow overwriting there',
}

/** The server answered the request with an ERROR. `label` is escaped already. */
export function refusedByPeer(label: string, packet: ErrorPacket): ForesendError {
  const advice = ADVICE[packet.wireCode]
  const message = `${label}: the server refused it with ERROR ${packet.wireCode} "${escapeText(packet.message)}"${advice === undefined ? '' : `; ${advice}`}`
  return new ForesendError('ERR_TFTP_PEER_ERROR', message, { fault: 'peer', wireCode: packet.wireCode })
}

/** Requests that led to nothing. */
export interface Unanswered {
  /** `"file" from 10.0.0.1:69`, escaped already. */
  readonly label: string
  readonly requests: number
  readonly waitedMs: number
  /** What the sockets noticed meanwhile, '' for nothing. */
  readonly seen: string
}

/** Datagrams came and none is an answer. `came` describes them, `expected` what an answer would have been. */
export function oddAnswer(unanswered: Unanswered, came: string, expected: string): ForesendError {
  const message =
    `${unanswered.label}: no answer that makes sense to ${triesText(unanswered)}: ${came} came, where ` +
    `${expected} was expected; check that a TFTP server runs at that port, and try it with --blksize 512 --windowsize 1`
  return new ForesendError('ERR_TFTP_PROTOCOL', message, { fault: 'peer' })
}

/** Nothing came from the server. */
export function noAnswer(unanswered: Unanswered): ForesendError {
  const message = `${unanswered.label}: no answer to ${triesText(unanswered)}; check the address, the cable, the firewalls, and that a TFTP server runs there`
  return new ForesendError('ERR_TFTP_TIMEOUT', message, { fault: 'network' })
}

/** `6 requests in 19 s (sending failed: EHOSTUNREACH)`. */
function triesText({ requests, waitedMs, seen }: Unanswered): string {
  const hint = seen === '' ? '' : ` (${seen})`
  return `${requests === 1 ? '1 request' : `${requests} requests`} in ${Math.round(waitedMs / 100) / 10} s${hint}`
}

/** ICMP: the machine is there, and no program listens at the port. */
export function portClosed(label: string): ForesendError {
  const message = `${label}: no program listens at that port; check that the TFTP server runs, and its port`
  return new ForesendError('ERR_TFTP_UNREACHABLE', message, { fault: 'peer' })
}

/** An OACK that cannot follow from what was offered (RFC 2347). */
export function badOack(label: string, reason: string, wireCode: number): ForesendError {
  const message = `${label}: the server answered wrongly: ${reason}; try it with --blksize 512 --windowsize 1`
  return new ForesendError('ERR_TFTP_OPTION', message, { fault: 'peer', wireCode })
}

/**
 * Rule R6: the sink of an upload of two blocks to a server that may follow a request with larger blocks. Where the ACK of block 2 never
 * comes, block 1 may be all that was stored: that is a failure, whatever rule A4 says.
 */
export function lastAckNeeded(sink: SenderSink, label: string): SenderSink {
  return {
    sendControl: (buffer, length) => sink.sendControl(buffer, length),
    sendBlocks: (first, count) => sink.sendBlocks(first, count),
    deadline: (at) => sink.deadline(at),
    notice: (kind, seq) => sink.notice(kind, seq),
    ended: (outcome) => {
      const error = outcome.lastAck === 'missing' ? maybeFirstBlockOnly(label) : undefined
      sink.ended(error === undefined ? outcome : { status: 'failed', error })
    },
  }
}

function maybeFirstBlockOnly(label: string): ForesendError {
  const message =
    `${label}: the server acknowledged block 1 and never block 2, the last one; it was asked for larger blocks too, and may have taken ` +
    'block 1 for the whole file; look at what it stored, or send it again with --blksize 512 --windowsize 1'
  return new ForesendError('ERR_TFTP_TIMEOUT', message, { fault: 'network' })
}
