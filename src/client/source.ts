/** What `put` sends: a file of one version, or bytes in memory, in the form in which they travel. */
import { type BigIntStats, constants, openSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Image } from '../content/contract.ts'
import { Versions } from '../content/versions.ts'
import { ForesendError } from '../error.ts'
import { NetasciiEncoder, netasciiSize } from '../packet/index.ts'
import { Digest } from './digest.ts'
import { localFault } from './local-fault.ts'
import { usage } from './options.ts'

/** Read for hashing at a time. */
const PIECE_BYTES = 64 * 1024

/** The bytes to send and the local bytes that are hashed; one image unless they travel as netascii. */
export class Source {
  readonly image: Image
  readonly digest = new Digest()
  readonly #local: Image
  readonly #piece = new Uint8Array(PIECE_BYTES)

  private constructor(image: Image, local: Image) {
    this.image = image
    this.#local = local
  }

  /** `peer` is for messages. Rejects with ERR_TFTP_NOT_FOUND, ERR_TFTP_ACCESS, ERR_TFTP_USAGE, ERR_TFTP_CONTENT. */
  static async open(input: string | Uint8Array, netascii: boolean, peer: string): Promise<Source> {
    if (typeof input !== 'string') {
      const local = new MemoryImage(input)
      return new Source(netascii ? new MemoryImage(encoded(input)) : local, local)
    }
    const local = await openFile(input, 'octet', peer)
    if (!netascii) return new Source(local, local)
    try {
      return new Source(await openFile(input, 'netascii', peer), local)
    } catch (cause) {
      local.close()
      throw cause
    }
  }

  /** Hashes the next piece if the file has been sent beyond it: what is in the page cache now may not be later. */
  follow(sentBytes: number): void {
    if (this.image === this.#local && this.digest.bytes + PIECE_BYTES <= sentBytes) this.#hashPiece()
  }

  /** Hashes all that is left. */
  async complete(): Promise<void> {
    for (let pieces = 1; this.digest.bytes < this.#local.sizeBytes; pieces++) {
      this.#hashPiece()
      // Let a signal, or another transfer, have its turn.
      if (pieces % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  close(): void {
    this.image.close()
    if (this.#local !== this.image) this.#local.close()
  }

  #hashPiece(): void {
    const wanted = Math.min(PIECE_BYTES, this.#local.sizeBytes - this.digest.bytes)
    const read = this.#local.read(this.digest.bytes, this.#piece, 0, wanted)
    if (read !== wanted) throw changedSize(this.#local.name)
    this.digest.update(this.#piece.subarray(0, read))
  }
}

/** The image ended before its size. */
export function changedSize(name: string): ForesendError {
  const message = `${name} changed while it was being sent; send it again`
  return new ForesendError('ERR_TFTP_CHANGED', message, { fault: 'content' })
}

function openFile(path: string, mode: 'octet' | 'netascii', peer: string): Promise<Image> | Image {
  const failing = `cannot send ${path}`
  return new Versions().openImage({ filename: path, mode, address: peer }, () => {
    try {
      const stat: BigIntStats = statSync(path, { bigint: true })
      if (!stat.isFile()) throw usage(`${path} is not a file: only files can be sent`)
      const open = (): number => {
        try {
          // O_NONBLOCK: a pipe that took the file's place must not stop us.
          return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
        } catch (cause) {
          throw localFault(cause, failing)
        }
      }
      return { path, name: basename(path), stat, open }
    } catch (cause) {
      throw localFault(cause, failing)
    }
  })
}

class MemoryImage implements Image {
  readonly name = 'the bytes given'
  readonly address = 0
  readonly sizeBytes: number
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.sizeBytes = bytes.length
  }

  read(position: number, target: Uint8Array, targetOffset: number, length: number): number {
    const end = Math.min(position + length, this.sizeBytes)
    target.set(this.#bytes.subarray(position, end), targetOffset)
    return end - position
  }

  verify(): void {}

  crc32(): Promise<number | undefined> {
    return Promise.resolve(crc32(this.#bytes))
  }

  close(): void {}
}

function encoded(bytes: Uint8Array): Uint8Array {
  const target = new Uint8Array(netasciiSize(bytes, 0, bytes.length))
  new NetasciiEncoder().encode(bytes, 0, bytes.length, target, 0)
  return target
}
