/** How a transfer that we asked for ends before it began, in words for a person. */
import { ForesendError } from '../error.ts'
import { type ErrorPacket, escapeText } from '../packet/index.ts'

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

/** What came answers no request. `came`: what it was, `expected`: what would have been an answer. */
export function oddAnswer(
  label: string,
  requests: number,
  waitedMs: number,
  came: string,
  expected: string,
): ForesendError {
  const message =
    `${label}: no answer that makes sense to ${triesText(requests)} in ${Math.round(waitedMs / 100) / 10} s: ${came} came, where ` +
    `${expected} was expected; check that a TFTP server runs at that port, and try it with --blksize 512 --windowsize 1`
  return new ForesendError('ERR_TFTP_PROTOCOL', message, { fault: 'peer' })
}

/** Nothing came. `seen` is what else the owner noticed meanwhile, '' for nothing. */
export function noAnswer(label: string, requests: number, waitedMs: number, seen: string): ForesendError {
  const tries = triesText(requests)
  const hint = seen === '' ? '' : ` (${seen})`
  const message = `${label}: no answer to ${tries} in ${Math.round(waitedMs / 100) / 10} s${hint}; check the address, the cable, the firewalls, and that a TFTP server runs there`
  return new ForesendError('ERR_TFTP_TIMEOUT', message, { fault: 'network' })
}

function triesText(requests: number): string {
  return requests === 1 ? '1 request' : `${requests} requests`
}

/** ICMP: the machine is there, and nobody listens at the port. */
export function nobodyListens(label: string): ForesendError {
  const message = `${label}: no program listens at that port; check that the TFTP server runs, and its port`
  return new ForesendError('ERR_TFTP_UNREACHABLE', message, { fault: 'peer' })
}

/** An OACK that cannot follow from what was offered (RFC 2347). */
export function badOack(label: string, reason: string, wireCode: number): ForesendError {
  const message = `${label}: the server answered wrongly: ${reason}; try it with --blksize 512 --windowsize 1`
  return new ForesendError('ERR_TFTP_OPTION', message, { fault: 'peer', wireCode })
}
