/** Storing a file on a server, or on a device that is one for a moment. */
import { defaultBlksize, resolveHost } from '../io/client/route.ts'
import { isNear } from '../io/near.ts'
import type { BlockFramer } from '../io/driver.ts'
import { addressPort, blockOfSeq, escapeText, HEADER_BYTES, writeDataHeader } from '../packet/index.ts'
import type { Agreed } from '../transfer/negotiate.ts'
import { summarise } from './get.ts'
import { type LocalEnd, runTransfer } from './client-transfer.ts'
import { changedSize, Source } from './source.ts'
import { checkOptions, DEFAULT_WINDOWSIZE, offer, timeoutsOf, type Summary, type TransferOptions } from './options.ts'
import { TFTP_PORT } from './url.ts'

export type { PacketLine, Progress, Summary, TransferOptions } from './options.ts'

export interface PutOptions extends TransferOptions {
  /** A name or numeric address; IPv6 without brackets. */
  readonly host: string
  /** UDP port of the server, 69 by default. */
  readonly port?: number
  /** The name to store it under. */
  readonly filename: string
  /** A local path, or the bytes themselves (which must not change meanwhile). */
  readonly input: string | Uint8Array
  /** SHA-256 in hex that the local file must have; checked before anything is sent. */
  readonly sha256?: string
  /** Milliseconds to keep asking, five times a second: the device answers only for a moment after power-on. */
  readonly waitMs?: number
}

/**
 * Stores one file. Rejects with a ForesendError: ERR_TFTP_PEER_ERROR (the server refused or gave up), ERR_TFTP_TIMEOUT,
 * ERR_TFTP_UNREACHABLE, ERR_TFTP_CHECKSUM, ERR_TFTP_CHANGED (the file changed meanwhile), ERR_TFTP_NOT_FOUND,
 * ERR_TFTP_USAGE, ERR_TFTP_ABORTED. `lastAck: 'missing'` in the summary: every block but the last was acknowledged, so the file is
 * probably complete; verify it on the device.
 */
export async function put(options: PutOptions): Promise<Summary> {
  checkOptions(options)
  const { host, port = TFTP_PORT, filename, mode = 'octet', localAddress, windowsize = DEFAULT_WINDOWSIZE } = options
  const address = await resolveHost(host, localAddress)
  const blksize = options.blksize ?? (await defaultBlksize(address, windowsize, localAddress))
  const source = await Source.open(options.input, mode === 'netascii', addressPort(address, port))
  try {
    if (options.sha256 !== undefined) {
      await source.complete()
      const name = typeof options.input === 'string' ? options.input : source.image.name
      source.digest.require({ sha256: options.sha256 }, name, 'nothing was sent; check the file and the digest')
    }
    const { sizeBytes } = source.image
    const result = await runTransfer({
      initiator: {
        direction: 'write',
        filename,
        mode,
        options: offer(blksize, windowsize, options.timeoutMs, sizeBytes, options.options),
        sizeBytes,
        near: isNear(address),
        waitMs: options.waitMs ?? 0,
        label: `"${escapeText(filename)}" to ${addressPort(address, port)}`,
        ...timeoutsOf(options),
      },
      socket: { address, port, localAddress },
      local: localEnd(source),
      driver: options.driver,
      signal: options.signal,
      onProgress: options.onProgress,
      onPacket: options.onPacket,
    })
    await source.complete()
    return summarise(filename, result, source.digest)
  } finally {
    source.close()
  }
}

function localEnd(source: Source): LocalEnd {
  let blksize = 0
  return {
    store: () => {},
    finish: () => Promise.resolve(),
    congested: false,
    framer: (agreed) => {
      blksize = agreed.blksize
      return framerOf(source, agreed)
    },
    before: (final) => {
      if (final) source.image.verify()
    },
    rest: (last) => source.follow(last * blksize),
  }
}

function framerOf(source: Source, agreed: Agreed): BlockFramer {
  const { image } = source
  const { blksize, rollover } = agreed
  return {
    frame(seq, target) {
      const position = (seq - 1) * blksize
      const wanted = Math.min(blksize, image.sizeBytes - position)
      writeDataHeader(target, 0, blockOfSeq(seq, rollover))
      if (wanted > 0 && image.read(position, target, HEADER_BYTES, wanted) !== wanted) throw changedSize(image.name)
      return HEADER_BYTES + wanted
    },
  }
}
