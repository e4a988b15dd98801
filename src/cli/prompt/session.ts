/** What the prompt remembers from one command to the next. */
import type { TransferOptions } from '../../client/options.ts'
import { TFTP_PORT } from '../../client/url.ts'
import type { Option } from '../../packet/index.ts'
import { usageError } from '../exit.ts'
import { given } from '../flags.ts'

export interface Session {
  /** The host of `connect`, or the last one that a file name had in front. */
  host: string | undefined
  port: number
  mode: 'octet' | 'netascii'
  /** A colon in a file name is part of the name. */
  literal: boolean
  verbose: boolean
  trace: boolean
  /** Seconds before a request is repeated; undefined for the client's own choice, as for the members that follow. */
  rexmtSeconds: number | undefined
  /** Seconds without an answer after which a transfer is given up. */
  timeoutSeconds: number | undefined
  blksize: number | undefined
  windowsize: number | undefined
  /** Further options of each request. */
  options: readonly Option[]
  /** 4 or 6: only addresses of this family are used. */
  family: 4 | 6 | undefined
}

export function newSession(): Session {
  return {
    host: undefined,
    port: TFTP_PORT,
    mode: 'octet',
    literal: false,
    verbose: false,
    trace: false,
    rexmtSeconds: undefined,
    timeoutSeconds: undefined,
    blksize: undefined,
    windowsize: undefined,
    options: [],
    family: undefined,
  }
}

export const DEFAULT_REXMT_SECONDS = 1

/** The session's settings for one transfer. */
export function transferOptionsOf(session: Session): TransferOptions {
  const { rexmtSeconds, timeoutSeconds, blksize, windowsize, options, mode, family } = session
  const everySeconds = rexmtSeconds ?? DEFAULT_REXMT_SECONDS
  return {
    mode,
    ...given('blksize', blksize),
    ...given('windowsize', windowsize),
    ...given('timeoutMs', rexmtSeconds === undefined ? undefined : rexmtSeconds * 1000),
    ...given(
      'retries',
      timeoutSeconds === undefined ? undefined : Math.max(0, Math.ceil(timeoutSeconds / everySeconds) - 1),
    ),
    ...(options.length === 0 ? {} : { options }),
    ...given('localAddress', family === undefined ? undefined : family === 4 ? '0.0.0.0' : '::'),
  }
}

export interface RemoteFile {
  readonly host: string
  readonly port: number
  readonly filename: string
}

/** `[fe80::1%eth0]:name` or `host:name`. */
const WITH_HOST = /^(?:\[([^\]]+)\]|([^:/\\]+)):(.+)$/s

/**
 * The file that `text` names: `NAME` on the session's host, or `HOST:NAME`, whose host the session keeps. Throws ERR_TFTP_USAGE when
 * no host is known.
 */
export function remoteFile(session: Session, text: string): RemoteFile {
  const [, bracketed, plain, name] = (session.literal ? undefined : WITH_HOST.exec(text)) ?? []
  if (name !== undefined) session.host = bracketed ?? plain
  if (session.host === undefined) throw usageError('no host yet: type connect HOST, or HOST:NAME for the file')
  return { host: session.host, port: session.port, filename: name ?? text }
}
