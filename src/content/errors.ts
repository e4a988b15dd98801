/** How failures of names and of the file system become ForesendErrors that a peer and a person both understand. */
import { type ErrorCode, type Fault, ForesendError } from '../error.ts'
import { escapeText, WIRE_ERROR } from '../packet/index.ts'

/** A name from a request, safe to print. */
export function quoted(filename: string): string {
  return `"${escapeText(filename)}"`
}

/** ERROR 1. `message` says what is missing and where. */
export function notFound(message: string, cause?: unknown): ForesendError {
  return new ForesendError('ERR_TFTP_NOT_FOUND', message, { fault: 'content', wireCode: WIRE_ERROR.notFound, cause })
}

/** ERROR 2. */
export function refused(message: string, fault: Fault = 'content', cause?: unknown): ForesendError {
  return new ForesendError('ERR_TFTP_ACCESS', message, { fault, wireCode: WIRE_ERROR.access, cause })
}

/** ERROR 0: TFTP has no number for it. */
export function changed(name: string): ForesendError {
  const message = `${quoted(name)} changed while it was being sent: what the peer received is not one version, start the transfer again`
  return new ForesendError('ERR_TFTP_CHANGED', message, { fault: 'content', wireCode: WIRE_ERROR.undefined })
}

interface Meaning {
  readonly code: ErrorCode
  readonly wireCode: number
  readonly fault: Fault
  readonly reason: string
}

const MISSING: Meaning = {
  code: 'ERR_TFTP_NOT_FOUND',
  wireCode: WIRE_ERROR.notFound,
  fault: 'content',
  reason: 'there is no such file',
}
const FORBIDDEN: Meaning = {
  code: 'ERR_TFTP_ACCESS',
  wireCode: WIRE_ERROR.access,
  fault: 'local',
  reason: 'the server has no permission; check the owner and mode of the file and its folders',
}
const FULL: Meaning = {
  code: 'ERR_TFTP_DISK_FULL',
  wireCode: WIRE_ERROR.diskFull,
  fault: 'local',
  reason: "the server's disk is full; make room there and try again",
}
const HANDLES: Meaning = {
  code: 'ERR_TFTP_BUSY',
  wireCode: WIRE_ERROR.undefined,
  fault: 'local',
  reason: 'the server has too many open files; raise its limit (ulimit -n) or try again later',
}

const MEANINGS: { readonly [errno: string]: Meaning } = {
  ENOENT: MISSING,
  ENOTDIR: MISSING,
  ENAMETOOLONG: { ...MISSING, reason: 'no file here can have so long a name' },
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  EROFS: { ...FORBIDDEN, reason: 'the file system is mounted read-only; mount it writable or use another folder' },
  ELOOP: { ...FORBIDDEN, fault: 'content', reason: 'its symbolic links lead in a circle or were changed meanwhile' },
  ENOSPC: FULL,
  EDQUOT: { ...FULL, reason: "the server's disk quota is used up; make room there and try again" },
  EFBIG: { ...FULL, code: 'ERR_TFTP_TOO_LARGE', reason: "the server's file system cannot hold so large a file" },
  EEXIST: {
    code: 'ERR_TFTP_EXISTS',
    wireCode: WIRE_ERROR.exists,
    fault: 'content',
    reason: 'it exists already; choose another name or start the server with --overwrite',
  },
  EMFILE: HANDLES,
  ENFILE: HANDLES,
}

/** `failing` is the first half of the message: `cannot send "x" to 10.0.0.1`. A ForesendError is passed on as it is. */
export function fromSystem(cause: unknown, failing: string): ForesendError {
  if (cause instanceof ForesendError) return cause
  const errno = errnoOf(cause)
  const meaning = MEANINGS[errno]
  if (meaning !== undefined) {
    const { code, fault, wireCode, reason } = meaning
    return new ForesendError(code, `${failing}: ${reason}`, { fault, wireCode, cause })
  }
  const known = errno !== ''
  const detail = known
    ? `the system reports ${errno}; check the server's disk`
    : 'this is a fault in the program, please report it'
  return new ForesendError(known ? 'ERR_TFTP_CONTENT' : 'ERR_TFTP_INTERNAL', `${failing}: ${detail}`, {
    fault: 'local',
    wireCode: WIRE_ERROR.undefined,
    cause,
  })
}

/** `ENOENT` and so on; '' for what did not come from the system. */
export function errnoOf(cause: unknown): string {
  if (!(cause instanceof Error)) return ''
  const { code } = cause as NodeJS.ErrnoException
  return typeof code === 'string' ? code : ''
}
