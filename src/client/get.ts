/** Fetching a file. */
import type { Writable } from 'node:stream'
import { defaultBlksize, isNearAddress, resolveHost } from '../io/client/route.ts'
import { ForesendError } from '../error.ts'
import { addressPort, escapeText, type Mode } from '../packet/index.ts'
import { COUNTER } from '../transfer/contract.ts'
import type { Expected } from './digest.ts'
import { openOutput } from './files.ts'
import type { Output } from './output.ts'
import { type LocalEnd, type Result, runTransfer } from './client-transfer.ts'
import { checkOptions, DEFAULT_WINDOWSIZE, offer, timeoutsOf, type Summary, type TransferOptions } from './options.ts'
import { TFTP_PORT } from './url.ts'

export type { PacketLine, Progress, Summary, TransferOptions } from './options.ts'

export interface GetOptions extends TransferOptions {
  /** A name or numeric address; IPv6 without brackets. */
  readonly host: string
  /** UDP port of the server, 69 by default. */
  readonly port?: number
  /** The name to ask for. */
  readonly filename: string
  /** A local path (the file appears there when it is whole, replacing what was there), `-` for standard output, or a stream. */
  readonly output: string | Writable
  /** SHA-256 in hex that the stored bytes must have. */
  readonly sha256?: string
  /** Size in bytes that the stored file must have. */
  readonly expectSizeBytes?: number
}

/**
 * Fetches one file. Rejects with a ForesendError, and a path then shows nothing new: ERR_TFTP_PEER_ERROR (the server
 * refused or gave up), ERR_TFTP_TIMEOUT, ERR_TFTP_UNREACHABLE, ERR_TFTP_CHECKSUM, ERR_TFTP_CONTENT (another size than
 * announced), ERR_TFTP_USAGE, ERR_TFTP_ABORTED, or what the local file gave rise to.
 */
export async function get(options: GetOptions): Promise<Summary> {
  checkOptions(options)
  const { host, port = TFTP_PORT, filename, mode = 'octet', localAddress, windowsize = DEFAULT_WINDOWSIZE } = options
  const address = await resolveHost(host, localAddress)
  const blksize = options.blksize ?? (await defaultBlksize(address, windowsize, localAddress))
  const output = openOutput(options.output, mode === 'netascii')
  try {
    const result = await runTransfer({
      initiator: {
        direction: 'read',
        filename,
        mode,
        options: offer(blksize, windowsize, options.timeoutMs, 0, options.options),
        sizeBytes: 0,
        near: isNearAddress(address),
        waitMs: 0,
        label: `"${escapeText(filename)}" from ${addressPort(address, port)}`,
        ...timeoutsOf(options),
      },
      socket: { address, port, localAddress },
      local: localEnd(output, mode, { sha256: options.sha256, sizeBytes: options.expectSizeBytes }),
      driver: options.driver,
      signal: options.signal,
      onProgress: options.onProgress,
      onPacket: options.onPacket,
    })
    const hasSize = isExact(mode, result.agreed.tsizeBytes)
    return { ...summarise(filename, result, output.digest), ...(hasSize ? {} : { noSize: true }) }
  } catch (cause) {
    output.abort()
    throw cause
  }
}

/** What `get` and `put` report of a transfer that completed; `digest` is that of the local file. */
export function summarise(
  file: string,
  result: Result,
  digest: { readonly bytes: number; readonly sha256: string; readonly crc32: string },
): Summary {
  const { agreed, counters, ms, lastAck, cameInstead, fallback } = result
  return {
    file,
    bytes: digest.bytes,
    ms,
    sha256: digest.sha256,
    crc32: digest.crc32,
    blksize: agreed.blksize,
    windowsize: agreed.windowsize,
    blocks: counters[COUNTER.blocks],
    datagrams: counters[COUNTER.datagrams],
    retransmitted: counters[COUNTER.retransmitted],
    ...(lastAck === undefined ? {} : { lastAck }),
    ...(cameInstead === undefined ? {} : { cameInstead }),
    ...(fallback === undefined ? {} : { fallback }),
  }
}

function localEnd(output: Output, mode: Mode, expected: Expected): LocalEnd {
  return {
    check({ tsizeBytes }) {
      const { sizeBytes } = expected
      if (sizeBytes === undefined || !isExact(mode, tsizeBytes) || tsizeBytes === sizeBytes) return
      const message = `the server announces ${tsizeBytes} bytes instead of ${sizeBytes}: nothing was fetched; check the name`
      throw new ForesendError('ERR_TFTP_CHECKSUM', message, {
        fault: 'content',
        peerText: 'Not the size that was expected',
      })
    },
    store: (buffer, offset, length) => output.write(buffer, offset, length),
    finish: () => output.finish(expected),
    get congested() {
      return output.congested
    },
    frame: () => () => 0,
    before: () => {},
    rest: () => output.rest?.(),
  }
}

/** Whether `tsizeBytes` is the exact size: 0 stands for "unknown" at servers that make the file while they send it, and in netascii tsize is an estimate. */
function isExact(mode: Mode, tsizeBytes: number | undefined): boolean {
  return mode === 'octet' && tsizeBytes !== undefined && tsizeBytes !== 0
}
