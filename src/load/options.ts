/** The options of a load run, and its result. */
import { isIPv4 } from 'node:net'
import { ForesendError } from '../error.ts'

export interface LoadOptions {
  /** The server, at an address of 127/8: the made-up hosts exist on this machine only. */
  readonly host: string
  readonly port: number
  /** What to ask for; several uploads are called `file-0`, `file-1` … */
  readonly file: string
  readonly direction: 'get' | 'put'
  /** Clients at work at the same time, each a host of its own. */
  readonly clients: number
  /** In all; each client does one after the other. */
  readonly transfers: number
  readonly blksize: number
  readonly windowsize: number
  /** Silence after which a client repeats its last packet. */
  readonly timeoutMs: number
  /** Of the datagrams, each way, dropped at the client. 0 to 100. */
  readonly lossPercent: number
  /** Of the clients, gone in the middle of a transfer. 0 to 100. */
  readonly vanishPercent: number
  readonly seed: number
  /** get: what every transfer must bring. put: what is sent. */
  readonly content: Uint8Array | undefined
  /** What is not done by then has failed. */
  readonly limitMs: number
  /** Ends it as `limitMs` does. */
  readonly signal?: AbortSignal
}

export interface LoadResult {
  readonly ms: number
  /** Payload of the transfers that completed. */
  readonly bytes: number
  readonly transfers: number
  readonly completed: number
  readonly failed: number
  readonly vanished: number
  /** Those that were not dropped on purpose. */
  readonly datagramsIn: number
  readonly datagramsOut: number
  /** Those that the system would not send: they look like loss to the server. */
  readonly sendErrors: number
  /** Packets that clients sent again, or had to ask for again. */
  readonly retransmitted: number
  /** What the server agreed to, the last time. */
  readonly blksize: number
  readonly windowsize: number
  readonly startsPerSec: number
  readonly bytesPerSec: number
  readonly cpuSeconds: number
  /** Of the first transfers that failed. */
  readonly faults: readonly string[]
}

/** Each client needs some memory here, and many more hosts have no names. */
export const MAX_CLIENTS = 100_000
export const MAX_TRANSFERS = 10_000_000

/** Throws ERR_TFTP_USAGE for what cannot be run. */
export function checkLoad(options: LoadOptions): void {
  const { host, direction, content } = options
  if (!isIPv4(host) || !host.startsWith('127.')) {
    throw usage(
      `${host} is not in 127.0.0.0/8: the clients are made-up addresses of this machine, so let the server listen on 127.0.0.1 and name that`,
    )
  }
  if (direction === 'put' && content === undefined) throw usage('put needs a file to send: name it with --expect FILE')
}

export function usage(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
