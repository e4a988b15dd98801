/** Starts a server: in threads of its own where the batch driver can run, else in this one. */
import { isIP } from 'node:net'
import { ForesendError } from '../error.ts'
import { nativeFor } from './drivers.ts'
import type { ServerEvent } from './events.ts'
import { startHere } from './here.ts'
import { startWorkers, workerCount } from './workers.ts'

export type { ServerEvent } from './events.ts'

export interface ServerOptions {
  /** A folder, or one file that is served for any name asked. */
  readonly path: string
  /** Addresses of this machine to listen on; `0.0.0.0` and `::` mean every one. Empty: both. */
  readonly hosts: readonly string[]
  /** 0 takes any that is free, the same for all hosts. */
  readonly port: number
  /** `auto`: lock-step on the wire with quick repeats. `strict`: RFC 1350 to the letter. Else blocks on the way. */
  readonly window: 'auto' | 'strict' | number
  /** The same in Tftpd64's unit: 1 + floor(bytes / blksize) blocks. */
  readonly anticipationBytes?: number
  /** Datagrams per DATA block. */
  readonly copies?: number
  /** Milliseconds between two datagrams of a window. */
  readonly gapMs?: number
  /** The least time before a block is sent again. */
  readonly rtoMs?: number
  /** `batch` needs Linux; `auto` takes it where it can run. */
  readonly driver: 'auto' | 'dgram' | 'batch'
  /** Threads of the batch driver that share the port; `auto` by the cores. */
  readonly workers?: 'auto' | number
  readonly writable: boolean
  readonly overwrite: boolean
  readonly singlePort: boolean
  /** Networks that are served though they are not private, as CIDR. */
  readonly allow: readonly string[]
  /** A folder for a capture of every datagram. */
  readonly record?: string
  readonly maxTransfers?: number
  readonly maxTransfersPerAddress?: number
  readonly onEvent: (event: ServerEvent) => void
}

export interface Server {
  /** What it listens on, as it was asked for: `0.0.0.0` and `::` stand for every address. */
  readonly bound: readonly { readonly address: string; readonly port: number }[]
  /** Opens folder or file again and looks for new addresses of this machine; running transfers go on. */
  reload(): Promise<void>
  /** Takes no new transfers; running ones may finish for `graceMs`. Called again, the shorter time counts. */
  stop(graceMs: number): Promise<void>
}

/**
 * Resolves when it listens; the first event is `listening`. Rejects with a ForesendError: ERR_TFTP_NOT_FOUND (path),
 * ERR_TFTP_BIND (address or port), ERR_TFTP_USAGE.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  checkOptions(options)
  const native = nativeFor(options)
  if (native === undefined || typeof native === 'string') {
    return startHere(options, { notices: native === undefined ? [] : [native] })
  }
  return startWorkers(options, workerCount(options))
}

function checkOptions(options: ServerOptions): void {
  for (const host of options.hosts) {
    if (isIP(host) === 0)
      throw usage(`--host ${host} is not an IP address; give one of this machine's, or leave it out`)
  }
}

function usage(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
