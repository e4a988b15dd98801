/** Both checksums of a stream of bytes: SHA-256, and the CRC-32 that U-Boot prints. */
import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { ForesendError } from '../error.ts'

/** What the caller of a transfer expects of the local file. */
export interface Expected {
  readonly sizeBytes?: number | undefined
  /** SHA-256 in hex, of any case. */
  readonly sha256?: string | undefined
}

export class Digest {
  bytes = 0
  readonly #sha256: Hash = createHash('sha256')
  #crc32 = 0
  #hex: string | undefined

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes)
    this.#crc32 = crc32(bytes, this.#crc32)
    this.bytes += bytes.length
  }

  /** SHA-256 in lower-case hex. No bytes may be added afterwards. */
  get sha256(): string {
    this.#hex ??= this.#sha256.digest('hex')
    return this.#hex
  }

  get crc32(): string {
    return this.#crc32.toString(16).padStart(8, '0')
  }

  /** Throws ERR_TFTP_CHECKSUM unless the bytes so far are those that are `expected`. `then` says what that means for the file. */
  require({ sizeBytes, sha256 }: Expected, name: string, then: string): void {
    if (sizeBytes !== undefined && sizeBytes !== this.bytes) {
      throw different(`${name} has ${this.bytes} bytes instead of ${sizeBytes}: ${then}`)
    }
    if (sha256 === undefined || sha256.toLowerCase() === this.sha256) return
    throw different(`${name} has sha256 ${this.sha256} instead of ${sha256.toLowerCase()}: ${then}`)
  }
}

function different(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_CHECKSUM', message, { fault: 'content' })
}
