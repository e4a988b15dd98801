/** What `get` and `put` have in common: their options, what they report, and what they offer to the server. */
import { ForesendError } from '../error.ts'
import { escapeText, MAX_OPTION_NAME_BYTES, MAX_OPTION_VALUE_BYTES, type Option } from '../packet/index.ts'
import { DEFAULT_BLKSIZE, MAX_BLKSIZE, MAX_WINDOWSIZE, MIN_BLKSIZE } from '../transfer/negotiate.ts'

export interface TransferOptions {
  /** Bytes per block, 8 to 65464; by default what fits the route's MTU and, as a window, a socket's buffer. */
  readonly blksize?: number
  /** Blocks per acknowledgement, 1 to 65535; 16 by default. With blksize 512 and windowsize 1 no options are sent at all. */
  readonly windowsize?: number
  /** Milliseconds before the request is repeated, 1000 by default, doubling; also offered as `timeout` when given. */
  readonly timeoutMs?: number
  /** How often the request is repeated before giving up, 5 by default. */
  readonly retries?: number
  readonly mode?: 'octet' | 'netascii'
  /** An abort ends the transfer with ERR_TFTP_ABORTED, or with the reason of the signal when that is a ForesendError. */
  readonly signal?: AbortSignal
  /** Called a few times per second, and once at the end. */
  readonly onProgress?: (progress: Progress) => void
  /** Called for each packet of the transfer. It costs time for each, so a transfer that is watched this way is slower. */
  readonly onPacket?: (packet: PacketLine) => void
  /**
   * Options for the request (RFC 2347) beside those that the members above make; one of the same name replaces theirs. A server
   * may answer options that this client does not know: they change nothing.
   */
  readonly options?: readonly Option[]
  /** How packets reach the kernel; by default `auto`: `batch` where it can be had (Linux), else `dgram`. */
  readonly driver?: 'auto' | 'dgram' | 'batch'
  /** Numeric address to send from. */
  readonly localAddress?: string
}

/** One packet of a transfer. */
export interface PacketLine {
  /** Milliseconds since the first request left. */
  readonly ms: number
  readonly sent: boolean
  /** What it is, for a person, escaped for a terminal: `DATA 7 (512 bytes)`. */
  readonly text: string
}

export interface Progress {
  /** Payload bytes stored (get) or confirmed (put). */
  readonly bytes: number
  /** Payload bytes of the whole file, as it travels; undefined while unknown. */
  readonly sizeBytes: number | undefined
  /** Milliseconds since the server's first answer. */
  readonly ms: number
}

export interface Summary {
  /** The remote name. */
  readonly file: string
  /** Size of the local file; in netascii other than what travelled. */
  readonly bytes: number
  /** Milliseconds from the server's first answer to the end. */
  readonly ms: number
  /** SHA-256 of the local file, lower-case hex. */
  readonly sha256: string
  /** CRC-32 of the local file, eight hex digits as U-Boot's `crc32` prints it. */
  readonly crc32: string
  readonly blksize: number
  readonly windowsize: number
  readonly blocks: number
  /** DATA datagrams, repeats included. */
  readonly datagrams: number
  readonly retransmitted: number
  /** put: every ACK but the last came, so the file is probably whole there; verify it on the device (rule A4). */
  readonly lastAck?: 'missing'
  /** With `lastAck`: what came instead of the last ACK, for a person. */
  readonly cameInstead?: string
  /** get: the server gave no size, so a file that was cut short looks like a whole one. */
  readonly noSize?: true
  /** Why the transfer was made without the options that were offered; only the peer's part of it is escaped for a terminal. */
  readonly fallback?: string
}

export const DEFAULT_WINDOWSIZE = 16
const DEFAULT_REQUEST_MS = 1000
const DEFAULT_RETRIES = 5
/** RFC 2349: `timeout` is in whole seconds, 1 to 255. */
const MAX_TIMEOUT_SECONDS = 255

type Checked = TransferOptions & {
  readonly sha256?: string
  readonly expectSizeBytes?: number
  readonly port?: number
}

/** Throws ERR_TFTP_USAGE for a number that is out of range. */
export function checkOptions(options: Checked): void {
  requireWhole('blksize', options.blksize, MIN_BLKSIZE, MAX_BLKSIZE)
  requireWhole('windowsize', options.windowsize, 1, MAX_WINDOWSIZE)
  requireWhole('retries', options.retries, 0, Number.MAX_SAFE_INTEGER)
  requireWhole('expectSizeBytes', options.expectSizeBytes, 0, Number.MAX_SAFE_INTEGER)
  requireWhole('port', options.port, 1, 65535)
  for (const { name, value } of options.options ?? []) {
    if (!isOptionText(name, MAX_OPTION_NAME_BYTES) || !isOptionText(value, MAX_OPTION_VALUE_BYTES)) {
      throw usage(
        `option "${escapeText(name)}" cannot be sent: a name of 1 to ${MAX_OPTION_NAME_BYTES} and a value of 1 to ${MAX_OPTION_VALUE_BYTES} ASCII characters`,
      )
    }
  }
  if (options.timeoutMs !== undefined && !(options.timeoutMs > 0 && options.timeoutMs <= MAX_TIMEOUT_SECONDS * 1000)) {
    throw usage(`timeoutMs ${options.timeoutMs} is out of range: more than 0, at most ${MAX_TIMEOUT_SECONDS * 1000}`)
  }
  if (options.sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(options.sha256)) {
    throw usage('a sha256 digest has 64 hex digits')
  }
}

/**
 * The options of the request. `tsizeBytes` is 0 for a read (RFC 2349). Values that are RFC 1350's own are not offered, so
 * that blksize 512 with windowsize 1 is a request that the oldest server understands. `given` replaces those of the same name.
 */
export function offer(
  blksize: number,
  windowsize: number,
  timeoutMs: number | undefined,
  tsizeBytes: number,
  given: readonly Option[] = [],
): Option[] {
  const options: Option[] = []
  if (blksize !== DEFAULT_BLKSIZE) options.push({ name: 'blksize', value: String(blksize) })
  if (windowsize !== 1) options.push({ name: 'windowsize', value: String(windowsize) })
  if (timeoutMs !== undefined) options.push({ name: 'timeout', value: String(Math.ceil(timeoutMs / 1000)) })
  if (options.length > 0) options.unshift({ name: 'tsize', value: String(tsizeBytes) })
  for (const option of given) {
    const same = options.findIndex(({ name }) => name === option.name)
    options.splice(same < 0 ? options.length : same, same < 0 ? 0 : 1, option)
  }
  return options
}

/** How long and how often to ask, and for how long to wait once the transfer runs. */
export function timeoutsOf(options: TransferOptions): { requestMs: number; retries: number; giveUpMs?: number } {
  const requestMs = options.timeoutMs ?? DEFAULT_REQUEST_MS
  const retries = options.retries ?? DEFAULT_RETRIES
  if (options.timeoutMs === undefined && options.retries === undefined) return { requestMs, retries }
  // The same patience in the middle of a transfer as at its start.
  return { requestMs, retries, giveUpMs: Math.max(1000, requestMs * (retries + 1)) }
}

export function usage(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}

function isOptionText(text: string, most: number): boolean {
  return text.length <= most && /^[\x20-\x7e]+$/.test(text)
}

function requireWhole(name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return
  throw usage(`${name} ${value} is out of range: a whole number from ${min} to ${max}`)
}
