/** The errors that the endpoint itself makes. Each message: what happened, to which file and peer, what to do next. */
import { ForesendError } from '../error.ts'
import { escapeText, WIRE_ERROR } from '../packet/index.ts'
import type { Peer } from './contract.ts'
import { clientOf } from './labels.ts'
import type { Rejection } from './door.ts'
import type { Transfer } from './transfer.ts'

/** The request itself was turned down. */
export function deniedError(peer: Peer, rejection: Rejection): ForesendError {
  const { code, wireCode, reason, advice, request } = rejection
  const file = request.filename === '' ? '' : ` for ${escapeText(request.filename)}`
  return new ForesendError(code, `request of ${clientOf(peer)}${file} refused: ${reason}; ${advice}`, {
    fault: code === 'ERR_TFTP_BAD_REQUEST' ? 'peer' : 'local',
    wireCode,
  })
}

export function busyError(transfer: Transfer, size: number): ForesendError {
  const message =
    `${transfer.label} ignored: no place is left for this address or in all (${size} transfers hold one); ` +
    'the client will ask again, or raise the limits on transfers'
  return new ForesendError('ERR_TFTP_BUSY', message, { fault: 'local' })
}

export function droppedError(transfer: Transfer): ForesendError {
  const message =
    `${transfer.label} dropped: the client had not answered, and newer requests needed its place; ` +
    'if requests like this keep coming, look for a host that sends forged ones'
  return new ForesendError('ERR_TFTP_BUSY', message, { fault: 'network' })
}

/** The same for all that are only counted: to make an error takes longer than to let one in. */
export const DROPPED_QUIETLY = new ForesendError('ERR_TFTP_BUSY', 'dropped: newer requests needed its place', {
  fault: 'network',
})

export function supersededError(transfer: Transfer): ForesendError {
  const why =
    transfer.machine?.confirmed === true
      ? 'the client acknowledged every block and asked anew before it was sure that it had counted no repeat; verify what it has'
      : 'the client was silent and then asked again, as a restarted device does'
  const message = `${transfer.label} replaced: ${why}`
  return new ForesendError('ERR_TFTP_ABORTED', message, { fault: 'peer' })
}

export function openTimeoutError(transfer: Transfer, openTimeoutMs: number): ForesendError {
  const message =
    `${transfer.label} given up: the file could not be opened within ${openTimeoutMs / 1000} s; ` +
    'check the disk or the server that it comes from'
  return new ForesendError('ERR_TFTP_CONTENT', message, { fault: 'content', wireCode: WIRE_ERROR.undefined })
}

/** What was thrown inside a transfer; a ForesendError stays as it is. */
export function internalError(transfer: Transfer, thrown: unknown): ForesendError {
  if (thrown instanceof ForesendError) return thrown
  const what = escapeText(thrown instanceof Error ? thrown.message : String(thrown))
  const message = `${transfer.label} ended by a defect in Foresend: ${what}; please report it`
  return new ForesendError('ERR_TFTP_INTERNAL', message, { fault: 'local', cause: thrown })
}

/** Block numbers may not begin again (`Rollover`), and the file has more blocks than there are numbers. */
export function tooManyBlocksError(transfer: Transfer, blksize: number): ForesendError {
  const message =
    `${transfer.label} refused: it has more than 65535 blocks of ${blksize} bytes, and block numbers may not begin again here; ` +
    'let the client ask for a larger blksize, or allow a rollover'
  return new ForesendError('ERR_TFTP_TOO_LARGE', message, { fault: 'local', wireCode: WIRE_ERROR.undefined })
}

/** `error` once more, with the number of events that were left out before it. */
export function withSuppressed(error: ForesendError, suppressed: number): ForesendError {
  if (suppressed === 0) return error
  const { code, fault, wireCode } = error
  const message = `${error.message} (${suppressed} more like it were not shown)`
  return new ForesendError(code, message, { fault, ...(wireCode === undefined ? {} : { wireCode }) })
}
