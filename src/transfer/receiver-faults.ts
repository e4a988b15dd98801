/** How a receiver fails, in words for a person: what happened, to which transfer, what to do. */
import { ForesendError } from '../error.ts'
import { escapeText, parseError, WIRE_ERROR } from '../packet/index.ts'

/** The peer sent an ERROR; its text is escaped. `stored` is how many blocks had arrived. */
export function peerError(
  label: string,
  stored: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
): ForesendError {
  const parsed = parseError(buffer, offset, length)
  const wireCode = parsed.ok ? parsed.value.wireCode : WIRE_ERROR.undefined
  const text = parsed.ok ? escapeText(parsed.value.message) : ''
  const message = `${label}: the peer ended the transfer with ERROR ${wireCode} "${text}" after ${stored} blocks`
  return new ForesendError('ERR_TFTP_PEER_ERROR', message, { fault: 'peer', wireCode })
}

/** ICMP: nobody listens at the peer's port. */
export function peerGone(label: string, stored: number): ForesendError {
  const message = `${label}: the peer closed its port after ${stored} blocks; start the transfer again`
  return new ForesendError('ERR_TFTP_UNREACHABLE', message, { fault: 'peer' })
}

/** Nothing in order arrived for too long. */
export function gaveUp(label: string, stored: number, waitedMs: number): ForesendError {
  const hint = stored === 65535 ? '; the peer may count its blocks in another way after 65535: use larger blocks' : ''
  const seconds = Math.round(waitedMs / 1000)
  const message = `${label}: no new block for ${seconds} s after ${stored} blocks; check the cable and the peer${hint}`
  return new ForesendError('ERR_TFTP_TIMEOUT', message, { fault: 'network' })
}

/** A block larger than agreed. */
export function oversizeBlock(label: string, payloadBytes: number, blksize: number): ForesendError {
  const message = `${label}: a block of ${payloadBytes} bytes where at most ${blksize} were agreed; try again without options`
  return new ForesendError('ERR_TFTP_PROTOCOL', message, { fault: 'peer', wireCode: WIRE_ERROR.illegal })
}

/** The file ended at another size than the peer announced. */
export function wrongSize(label: string, bytes: number, announcedBytes: number): ForesendError {
  const message = `${label}: ${bytes} bytes arrived where ${announcedBytes} were announced; nothing is kept, transfer it again`
  return new ForesendError('ERR_TFTP_CONTENT', message, { fault: 'content' })
}
