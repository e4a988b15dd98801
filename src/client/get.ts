/** Fetching a file. */
import type { Writable } from 'node:stream'
import { defaultBlksize, localAddressTo, resolveHost } from '../io/client/route.ts'
import { isNear } from '../io/near.ts'
import { ForesendError } from '../error.ts'
import { addressPort, escapeText, type Mode, type Option } from '../packet/index.ts'
import { MULTICAST } from '../transfer/multicast/group-option.ts'
import { COUNTER } from '../transfer/contract.ts'
import type { Expected } from './digest.ts'
import { openOutput } from './files.ts'
import type { Output } from './output.ts'
import { type LocalEnd, type Result, runTransfer } from './client-transfer.ts'
import { BlockOrder } from './block-order.ts'
import {
  checkOptions,
  DEFAULT_WINDOWSIZE,
  offer,
  timeoutsOf,
  usage,
  type Summary,
  type TransferOptions,
} from './options.ts'
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
  /** Share the blocks with other clients, where the server does that (RFC 2090); else fetch it alone. IPv4, one block at a time. */
  readonly multicast?: boolean
}

/**
 * Fetches one file. Rejects with a ForesendError, and a path then shows nothing new: ERR_TFTP_PEER_ERROR (the server
 * refused or gave up), ERR_TFTP_TIMEOUT, ERR_TFTP_UNREACHABLE, ERR_TFTP_CHECKSUM, ERR_TFTP_CONTENT (another size than
 * announced), ERR_TFTP_USAGE, ERR_TFTP_ABORTED, or what the local file gave rise to.
 */
export async function get(options: GetOptions): Promise<Summary> {
  checkOptions(options)
  const { host, port = TFTP_PORT, filename, mode = 'octet', localAddress, multicast = false } = options
  const windowsize = options.windowsize ?? (multicast ? 1 : DEFAULT_WINDOWSIZE)
  const address = await resolveHost(host, localAddress)
  if (multicast && address.includes(':')) throw usage('multicast needs IPv4: give the server by its IPv4 address')
  const blksize = options.blksize ?? (await defaultBlksize(address, windowsize, localAddress))
  const output = openOutput(options.output, mode === 'netascii')
  const offered = offer(blksize, windowsize, options.timeoutMs, 0, options.options)
  const order = { blocks: undefined as BlockOrder | undefined }
  try {
    const result = await runTransfer({
      initiator: {
        direction: 'read',
        filename,
        mode,
        options: multicast ? withGroup(offered) : offered,
        multicast,
        sizeBytes: 0,
        near: isNear(address),
        waitMs: 0,
        label: `"${escapeText(filename)}" from ${addressPort(address, port)}`,
        ...timeoutsOf(options),
      },
      socket: { address, port, localAddress },
      local: localEnd(output, mode, { sha256: options.sha256, sizeBytes: options.expectSizeBytes }, order),
      // Blocks of a group come to a socket of Node's, and so does the rest then.
      driver: multicast ? 'dgram' : options.driver,
      groupLocal: multicast ? (localAddress ?? (await localAddressTo(address))) : undefined,
      signal: options.signal,
      onProgress: options.onProgress,
      onPacket: options.onPacket,
    })
    const hasSize = isExact(mode, result.agreed.tsizeBytes)
    return { ...summarise(filename, result, output.digest), ...(hasSize ? {} : { noSize: true }) }
  } catch (cause) {
    output.abort()
    throw cause
  } finally {
    order.blocks?.close()
  }
}

/** With the option that asks for a group, and the size, so that blocks of another file are known by theirs. A group has no windows. */
function withGroup(offered: readonly Option[]): Option[] {
  const sized = offered.some(({ name }) => name === 'tsize') ? offered : [{ name: 'tsize', value: '0' }, ...offered]
  return [...sized.filter(({ name }) => name !== MULTICAST && name !== 'windowsize'), { name: MULTICAST, value: '' }]
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

/** `order` gets what puts blocks of a group in order, where they come from one. */
function localEnd(output: Output, mode: Mode, expected: Expected, order: { blocks: BlockOrder | undefined }): LocalEnd {
  return {
    check({ tsizeBytes, group, blksize }) {
      if (group !== undefined) order.blocks = new BlockOrder(blksize, (...bytes) => output.write(...bytes))
      const { sizeBytes } = expected
      if (sizeBytes === undefined || !isExact(mode, tsizeBytes) || tsizeBytes === sizeBytes) return
      const message = `the server announces ${tsizeBytes} bytes instead of ${sizeBytes}: nothing was fetched; check the name`
      throw new ForesendError('ERR_TFTP_CHECKSUM', message, {
        fault: 'content',
        peerText: 'Not the size that was expected',
      })
    },
    store(buffer, offset, length, seq) {
      if (order.blocks === undefined) output.write(buffer, offset, length)
      else order.blocks.put(seq, buffer, offset, length)
    },
    finish: () => output.finish(expected),
    get congested() {
      return output.congested
    },
    framer: () => ({ frame: () => 0 }),
    before: () => {},
    rest: () => output.rest?.(),
  }
}

/** Whether `tsizeBytes` is the exact size: 0 stands for "unknown" at servers that make the file while they send it, and in netascii tsize is an estimate. */
function isExact(mode: Mode, tsizeBytes: number | undefined): boolean {
  return mode === 'octet' && tsizeBytes !== undefined && tsizeBytes !== 0
}
