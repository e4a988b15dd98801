/**
 * Open file versions and the images that transfers hold on them.
 *
 * A version is one state of one file: path, device, inode, size, mtime and ctime. Its chunks are cached for all its
 * readers, and no other version ever sees them. A file that is written in place, replaced, truncated or unlinked while
 * it is sent changes its ctime: the read of the next chunk fails, and `verify`, called before the final block leaves,
 * fails also when all chunks came from the cache. No device gets a mixture, nor the whole of what is no longer there.
 */
import { type BigIntStats, closeSync, fstatSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { ForesendError } from '../error.ts'
import { WIRE_ERROR } from '../packet/index.ts'
import { BackgroundReader } from './background.ts'
import { CHUNK_BYTES, type ChunkCache, type ChunkSource } from './chunk-cache.ts'
import type { Image, Mapper } from './contract.ts'
import { changed, fromSystem, quoted } from './errors.ts'

/** Larger files get no checksum: to read them again takes longer than the checksum is worth. */
export const CHECKSUM_MAX_BYTES = 256 * 1024 * 1024

/** Where the parts of one version begin in its netascii translation (netascii-image.ts). Shared by all its readers. */
export interface NetasciiIndex {
  readonly source: ChunkSource
  /** Bytes; entry i is where part i begins in the translation, the last is the size of the whole. */
  readonly starts: Float64Array
}

export class FileVersion implements ChunkSource {
  readonly slots = new Map<number, number>()
  readonly name: string
  readonly key: string
  readonly fd: number
  readonly sizeBytes: number
  readonly chunks: ChunkCache
  /** Built when the first client asks for netascii. */
  netascii: Promise<NetasciiIndex> | undefined
  /** The chunks of the netascii translation. They are dropped when the version closes. */
  translated: ChunkSource | undefined
  readonly #stat: BigIntStats
  readonly #owner: VersionOwner
  #users = 0
  #isReleased = false
  /** Address; 0 or less when it cannot be mapped, undefined until the first use of `address`. */
  #mapping: number | undefined
  #checksum: Promise<number | undefined> | undefined

  /** Takes over `fd`. `stat` is its state, which must be settled (see `settleMs`). */
  constructor(name: string, key: string, fd: number, stat: BigIntStats, owner: VersionOwner) {
    this.name = name
    this.key = key
    this.fd = fd
    this.#stat = stat
    this.sizeBytes = Number(stat.size)
    this.chunks = owner.chunks
    this.#owner = owner
  }

  retain(): this {
    this.#users++
    return this
  }

  release(): void {
    this.#users--
    if (this.#users > 0 || this.#isReleased) return
    this.chunks.drop(this)
    if (this.translated !== undefined) this.chunks.drop(this.translated)
    this.#owner.closed(this)
    this.#releaseResources()
  }

  /**
   * Releases mapping and descriptor at once, because the thread is about to crash, though a checksum may still hold the version. Both
   * belong to the process and would outlive the thread.
   */
  abandon(): void {
    if (!this.#isReleased) this.#releaseResources()
  }

  #releaseResources(): void {
    this.#isReleased = true
    if (this.#mapping !== undefined && this.#mapping > 0) this.#owner.mapper?.unmap(this.#mapping, this.sizeBytes)
    closeSync(this.fd)
  }

  read(position: number, target: Uint8Array, targetOffset: number, length: number): number {
    const wanted = Math.min(length, this.sizeBytes - position)
    let done = 0
    while (done < wanted) {
      const chunk = Math.floor((position + done) / CHUNK_BYTES)
      const from = position + done - chunk * CHUNK_BYTES
      done += this.chunks.copy(this, chunk, from, target, targetOffset + done, wanted - done)
    }
    return done
  }

  /** See `Image.address`. */
  get address(): number {
    if (this.#mapping === undefined) {
      const { mapper } = this.#owner
      this.#mapping =
        mapper === undefined || this.sizeBytes === 0 ? 0 : Math.max(0, mapper.map(this.fd, this.sizeBytes))
    }
    return this.#mapping
  }

  fill(chunk: number, target: Buffer): number {
    const length = Math.min(CHUNK_BYTES, this.sizeBytes - chunk * CHUNK_BYTES)
    this.readFile(chunk * CHUNK_BYTES, target, length)
    // After the read, so that a chunk in the cache is surely of this version, the last one as well when it is read only
    // after the check before the final block. And a long transfer of a changed file need not run to its end to fail.
    this.verify()
    return length
  }

  /** Fills `target` with `length` bytes of the file from `position`. Throws as `Image.read` does. */
  readFile(position: number, target: Buffer, length: number): void {
    let done = 0
    while (done < length) {
      let bytes: number
      try {
        bytes = readSync(this.fd, target, done, length - done, position + done)
      } catch (cause) {
        throw fromSystem(cause, `cannot read ${quoted(this.name)}`)
      }
      if (bytes === 0) throw changed(this.name)
      done += bytes
    }
  }

  verify(): void {
    let now: BigIntStats
    try {
      now = fstatSync(this.fd, { bigint: true })
    } catch (cause) {
      throw fromSystem(cause, `cannot check ${quoted(this.name)}`)
    }
    const { ino, size, mtimeNs, ctimeNs } = this.#stat
    if (now.size !== size || now.mtimeNs !== mtimeNs || now.ctimeNs !== ctimeNs || now.ino !== ino) {
      throw changed(this.name)
    }
  }

  crc32(): Promise<number | undefined> {
    this.#checksum ??= this.#owner.checksum(this)
    return this.#checksum
  }
}

/** What a version needs of the table that it stands in. */
export interface VersionOwner {
  readonly chunks: ChunkCache
  readonly mapper: Mapper | undefined
  closed(version: FileVersion): void
  checksum(version: FileVersion): Promise<number | undefined>
}

const checksums = new BackgroundReader()

/** Reads the whole file in the background; undefined when that fails or the file is no longer this version. */
export async function computeChecksum(version: FileVersion): Promise<number | undefined> {
  if (version.sizeBytes > CHECKSUM_MAX_BYTES) return undefined
  version.retain()
  try {
    let value = 0
    await checksums.scan(version.fd, version.sizeBytes, (bytes) => {
      value = crc32(bytes, value)
    })
    version.verify()
    return value
  } catch {
    return undefined
  } finally {
    version.release()
  }
}

/** One user's hold on a version, the bytes as they are in the file. */
export class FileImage implements Image {
  readonly name: string
  readonly sizeBytes: number
  readonly #version: FileVersion
  #open = true

  /** Takes over one `retain` of `version`. */
  constructor(version: FileVersion) {
    this.#version = version
    this.name = version.name
    this.sizeBytes = version.sizeBytes
  }

  get address(): number {
    requireOpen(this.#open, this.name)
    return this.#version.address
  }

  read(position: number, target: Uint8Array, targetOffset: number, length: number): number {
    requireOpen(this.#open, this.name)
    return this.#version.read(position, target, targetOffset, length)
  }

  verify(): void {
    requireOpen(this.#open, this.name)
    this.#version.verify()
  }

  get version(): object {
    return this.#version
  }

  crc32(): Promise<number | undefined> {
    return this.#open ? this.#version.crc32() : Promise.resolve(undefined)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#version.release()
  }
}

/** The descriptor's number may belong to another file by now: reading it would send that one. */
export function requireOpen(open: boolean, name: string): void {
  if (open) return
  const message = `${quoted(name)} was used after it was closed; this is a fault in the program, please report it`
  throw new ForesendError('ERR_TFTP_INTERNAL', message, { fault: 'local', wireCode: WIRE_ERROR.undefined })
}
