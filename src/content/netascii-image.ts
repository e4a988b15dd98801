/**
 * A file in mode netascii. Its translated size must be known before the OACK, and reads come at any position, but the
 * translation is stored nowhere: netascii maps each source byte on its own (LF to CR LF, CR to CR NUL), so one pass that
 * notes where each 32 KiB of the file begin in the translation is enough to translate any part when it is asked for.
 */
import { ForesendError } from '../error.ts'
import { NetasciiEncoder, netasciiSize, WIRE_ERROR } from '../packet/index.ts'
import { BackgroundReader } from './background.ts'
import { CHUNK_BYTES, type ChunkSource } from './chunk-cache.ts'
import type { Image } from './contract.ts'
import { changed, fromSystem, quoted } from './errors.ts'
import { type FileVersion, type NetasciiIndex, requireOpen } from './image.ts'

/** The pass over the file delays the answer to its first request; text is never this large. */
export const NETASCII_MAX_BYTES = 1024 * 1024 * 1024
/** Translated it fits a chunk, whatever it holds. */
const SOURCE_BYTES = CHUNK_BYTES / 2

/** The image of `version` in netascii. Takes over one `retain` of `version`, also when it rejects (and then releases it). */
export async function openNetascii(version: FileVersion): Promise<Image> {
  try {
    version.netascii ??= buildIndex(version)
    return new NetasciiImage(version, await version.netascii)
  } catch (cause) {
    version.netascii = undefined
    version.release()
    throw cause
  }
}

const scanner = new BackgroundReader()

async function buildIndex(version: FileVersion): Promise<NetasciiIndex> {
  const { name, sizeBytes } = version
  if (sizeBytes > NETASCII_MAX_BYTES) {
    const message = `${quoted(name)} is too large for netascii (${sizeBytes} bytes); ask for it in mode octet`
    throw new ForesendError('ERR_TFTP_TOO_LARGE', message, { fault: 'content', wireCode: WIRE_ERROR.undefined })
  }
  const starts = new Float64Array(Math.ceil(sizeBytes / SOURCE_BYTES) + 1)
  let part = 0
  try {
    await scanner.scan(version.fd, sizeBytes, (bytes) => {
      for (let offset = 0; offset < bytes.length; offset += SOURCE_BYTES) {
        const length = Math.min(SOURCE_BYTES, bytes.length - offset)
        starts[part + 1] = starts[part] + netasciiSize(bytes, offset, length)
        part++
      }
    })
  } catch (cause) {
    throw cause instanceof RangeError ? changed(name) : fromSystem(cause, `cannot read ${quoted(name)}`)
  }
  version.verify()
  const source = new TranslatedSource(version, starts)
  version.translated = source
  return { source, starts }
}

/** Translates one part of the file at a time into the chunk cache. */
class TranslatedSource implements ChunkSource {
  readonly slots = new Map<number, number>()
  readonly #version: FileVersion
  readonly #starts: Float64Array

  constructor(version: FileVersion, starts: Float64Array) {
    this.#version = version
    this.#starts = starts
  }

  fill(part: number, target: Buffer): number {
    const version = this.#version
    const length = Math.min(SOURCE_BYTES, version.sizeBytes - part * SOURCE_BYTES)
    version.readFile(part * SOURCE_BYTES, scratch, length)
    version.verify()
    const bytes = new NetasciiEncoder().encode(scratch, 0, length, target, 0)
    // Changed without a trace in its timestamps: the translation would shift.
    if (bytes !== this.#starts[part + 1] - this.#starts[part]) throw changed(version.name)
    return bytes
  }
}

const scratch = Buffer.allocUnsafeSlow(SOURCE_BYTES)

class NetasciiImage implements Image {
  readonly name: string
  readonly address = 0
  readonly sizeBytes: number
  readonly #version: FileVersion
  readonly #index: NetasciiIndex
  /** The part read last; blocks mostly follow each other. */
  #part = 0
  #open = true

  constructor(version: FileVersion, index: NetasciiIndex) {
    this.#version = version
    this.#index = index
    this.name = version.name
    this.sizeBytes = index.starts[index.starts.length - 1]
  }

  read(position: number, target: Uint8Array, targetOffset: number, length: number): number {
    requireOpen(this.#open, this.name)
    const { starts, source } = this.#index
    const wanted = Math.min(length, this.sizeBytes - position)
    let done = 0
    while (done < wanted) {
      this.#seek(position + done)
      const from = position + done - starts[this.#part]
      done += this.#version.chunks.copy(source, this.#part, from, target, targetOffset + done, wanted - done)
    }
    return done
  }

  verify(): void {
    requireOpen(this.#open, this.name)
    this.#version.verify()
  }

  crc32(): Promise<number | undefined> {
    return this.#open ? this.#version.crc32() : Promise.resolve(undefined)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#version.release()
  }

  /** Makes `part` the one that holds `position`. */
  #seek(position: number): void {
    const { starts } = this.#index
    if (position >= starts[this.#part + 1]) this.#part++
    if (position >= starts[this.#part] && position < starts[this.#part + 1]) return
    let low = 0
    let high = starts.length - 2
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (starts[middle] <= position) low = middle
      else high = middle - 1
    }
    this.#part = low
  }
}
