/** Faults of this machine's own files, in words for the person at its keyboard. */
import { type ErrorCode, ForesendError } from '../error.ts'
import { WIRE_ERROR } from '../packet/index.ts'

interface Meaning {
  readonly code: ErrorCode
  readonly wireCode: number
  readonly reason: string
}

const FULL: Meaning = {
  code: 'ERR_TFTP_DISK_FULL',
  wireCode: WIRE_ERROR.diskFull,
  reason: 'the disk is full; make room',
}
const DENIED: Meaning = {
  code: 'ERR_TFTP_ACCESS',
  wireCode: WIRE_ERROR.access,
  reason: 'no permission; check the owner and mode of the file and its folder',
}
const MISSING: Meaning = {
  code: 'ERR_TFTP_NOT_FOUND',
  wireCode: WIRE_ERROR.undefined,
  reason: 'there is no such file or folder; check the path',
}

const MEANINGS: { readonly [errno: string]: Meaning } = {
  ENOSPC: FULL,
  EDQUOT: { ...FULL, reason: 'the disk quota is used up; make room' },
  EFBIG: { ...FULL, reason: 'the file system cannot hold so large a file' },
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: { ...DENIED, reason: 'the file system is mounted read-only; choose another place' },
  ENOENT: MISSING,
  ENOTDIR: MISSING,
  ENAMETOOLONG: { ...MISSING, reason: 'the name is too long' },
  EPIPE: { code: 'ERR_TFTP_CONTENT', wireCode: WIRE_ERROR.undefined, reason: 'its reader has closed it' },
}

/** `failing` is the first half of the message: `cannot write x`. A ForesendError is passed on as it is. */
export function localFault(cause: unknown, failing: string): ForesendError {
  if (cause instanceof ForesendError) return cause
  const errno = (cause as { code?: unknown } | undefined)?.code
  const meaning = typeof errno === 'string' ? MEANINGS[errno] : undefined
  if (meaning !== undefined) {
    const { code, wireCode, reason } = meaning
    return new ForesendError(code, `${failing}: ${reason}`, { fault: 'local', wireCode, cause })
  }
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new ForesendError('ERR_TFTP_CONTENT', `${failing}: ${detail}`, { fault: 'local', cause })
}
