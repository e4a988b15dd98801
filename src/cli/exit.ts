/** Exit codes of every command, and how an error becomes one. `unconfirmed`: sent, but the last acknowledgement is missing. */
import { type ErrorCode, ForesendError } from '../error.ts'
import { plain } from './render/plain.ts'

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  cannotBind: 3,
  peerRefused: 4,
  timedOut: 5,
  unconfirmed: 6,
} as const

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  ERR_TFTP_USAGE: EXIT.usage,
  ERR_TFTP_CAPTURE: EXIT.usage,
  ERR_TFTP_BIND: EXIT.cannotBind,
  ERR_TFTP_PEER_ERROR: EXIT.peerRefused,
  ERR_TFTP_TIMEOUT: EXIT.timedOut,
  ERR_TFTP_UNREACHABLE: EXIT.timedOut,
}

/** The exit code for whatever was thrown. A file or folder given as an argument that is not there, or is no capture, counts as usage. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ForesendError)) return EXIT.failed
  if (error.code === 'ERR_TFTP_NOT_FOUND' && error.fault !== 'peer') return EXIT.usage
  return BY_CODE[error.code] ?? EXIT.failed
}

/** One line for a person: what went wrong. Anything that is no ForesendError is a bug or the system's own message. */
export function messageOf(error: unknown): string {
  if ((error as NodeJS.ErrnoException | undefined)?.syscall === 'uv_cwd')
    return 'the folder that this was started in is gone: change to one that is there, and start it again'
  const text = error instanceof Error ? error.message : String(error)
  return plain(text.replace(/\s*[\r\n]+\s*/g, ' '))
}

/** A ForesendError for a flag or argument that makes no sense. */
export function usageError(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
