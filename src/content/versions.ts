/** The table of open file versions of one store, and the way from a request to an image. */
import { type BigIntStats, closeSync, fstatSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { ForesendError } from '../error.ts'
import { WIRE_ERROR } from '../packet/index.ts'
import { type ChunkCache, sharedChunks } from './chunk-cache.ts'
import type { Image, Mapper, OpenRequest } from './contract.ts'
import { fromSystem, quoted } from './errors.ts'
import { computeChecksum, FileImage, FileVersion, type VersionOwner } from './image.ts'
import { openNetascii } from './netascii-image.ts'

/** Checksums that are kept after their version was closed: the next device mostly asks for the same file. */
const CHECKSUMS_MAX = 256
/** A file may be written again within one tick of its timestamps; Linux ticks every 1 to 10 ms. */
const TICK_MS = 20
/** FAT counts modification times in steps of two seconds, others in seconds. */
const COARSE_TICK_MS = 2100
const SETTLE_TRIES = 10
const SETTLE_MAX_MS = 4500

/** A file as it was looked up, not yet opened. */
export interface Found {
  /** Absolute path, part of the version's identity. */
  readonly path: string
  readonly name: string
  readonly stat: BigIntStats
  /** Opens it and checks that it is a regular file that may be served. */
  open(): number
}

export class Versions implements VersionOwner {
  readonly chunks: ChunkCache
  readonly mapper: Mapper | undefined
  readonly #versions = new Map<string, FileVersion>()
  readonly #checksums = new Map<string, number>()

  constructor(mapper?: Mapper, chunks: ChunkCache = sharedChunks) {
    this.mapper = mapper
    this.chunks = chunks
  }

  /**
   * The image for `request`. `find` is called for each try, throws ForesendErrors and system errors. The answer is
   * immediate for mode octet, unless the file was written so recently that a further write might leave no trace.
   */
  openImage(request: OpenRequest, find: () => Found): Image | Promise<Image> {
    try {
      const version = this.#acquire(find())
      if (typeof version === 'number') return this.#openSettled(request, find, version)
      return request.mode === 'netascii' ? openNetascii(version) : new FileImage(version)
    } catch (cause) {
      return Promise.reject(fromSystem(cause, failingToSend(request)))
    }
  }

  /** Open versions, for tests. */
  get size(): number {
    return this.#versions.size
  }

  /** Releases the mappings and descriptors of all versions, because the thread is about to crash. */
  abandon(): void {
    for (const version of this.#versions.values()) version.abandon()
  }

  closed(version: FileVersion): void {
    this.#versions.delete(version.key)
  }

  async checksum(version: FileVersion): Promise<number | undefined> {
    const known = this.#checksums.get(version.key)
    if (known !== undefined) return known
    const value = await computeChecksum(version)
    if (value === undefined) return undefined
    if (this.#checksums.size >= CHECKSUMS_MAX) this.#checksums.delete(this.#checksums.keys().next().value as string)
    this.#checksums.set(version.key, value)
    return value
  }

  async #openSettled(request: OpenRequest, find: () => Found, firstWaitMs: number): Promise<Image> {
    let waitMs = firstWaitMs
    let waitedMs = 0
    try {
      for (let tries = 0; tries < SETTLE_TRIES && waitedMs + waitMs <= SETTLE_MAX_MS; tries++) {
        await delay(waitMs)
        waitedMs += waitMs
        const version = this.#acquire(find())
        if (typeof version !== 'number') {
          return request.mode === 'netascii' ? await openNetascii(version) : new FileImage(version)
        }
        waitMs = version
      }
    } catch (cause) {
      throw fromSystem(cause, failingToSend(request))
    }
    const message = `${failingToSend(request)}: it is being written; ask again when it is complete`
    throw new ForesendError('ERR_TFTP_CHANGED', message, { fault: 'content', wireCode: WIRE_ERROR.undefined })
  }

  /** One use of the version that `found` is now, or the milliseconds to wait before that can be told. */
  #acquire(found: Found): FileVersion | number {
    const waitMs = settleMs(found.stat, Date.now())
    if (waitMs > 0) return waitMs
    const key = keyOf(found.path, found.stat)
    const known = this.#versions.get(key)
    if (known !== undefined) return known.retain()
    const fd = found.open()
    try {
      const stat = fstatSync(fd, { bigint: true })
      if (keyOf(found.path, stat) !== key) {
        closeSync(fd)
        return TICK_MS
      }
      const version = new FileVersion(found.name, key, fd, stat, this)
      this.#versions.set(key, version)
      return version.retain()
    } catch (cause) {
      closeSync(fd)
      throw cause
    }
  }
}

/** First half of a message about a request that failed. */
export function failingToSend(request: OpenRequest): string {
  return `cannot send ${quoted(request.filename)} to ${request.address}`
}

/**
 * Milliseconds until a further write to the file is sure to change its timestamps; 0 when it is so already. Without
 * this a file that is written twice within a tick, once before and once after the open, would pass as unchanged.
 */
export function settleMs(stat: BigIntStats, nowMs: number): number {
  const ageMs = nowMs - Number(stat.ctimeNs / 1_000_000n)
  const tickMs = stat.ctimeNs % 1_000_000_000n === 0n ? COARSE_TICK_MS : TICK_MS
  // A time in the future comes from another machine's clock and says nothing.
  return ageMs > -tickMs && ageMs < tickMs ? Math.min(tickMs, tickMs - ageMs) : 0
}

function keyOf(path: string, stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}:${path}`
}
