/** A file on its way into the memory that stands for a disk: decoded where it is netascii, whole only after `finish`. */
import { NetasciiDecoder } from '../packet/index.ts'
import type { StoredFile } from './node.ts'

const FIRST_BYTES = 4096

export class LabUpload {
  readonly type = 'upload'
  /** Bytes so far, as they are stored. */
  length = 0
  #bytes: Uint8Array = new Uint8Array(FIRST_BYTES)
  readonly #decoder: NetasciiDecoder | undefined

  constructor(netascii: boolean) {
    this.#decoder = netascii ? new NetasciiDecoder() : undefined
  }

  append(buffer: Uint8Array, offset: number, length: number): void {
    // A decoder may hold back a byte and write it with these.
    this.#makeRoom(length + 1)
    if (this.#decoder === undefined) {
      this.#bytes.set(buffer.subarray(offset, offset + length), this.length)
      this.length += length
    } else this.length += this.#decoder.decode(buffer, offset, length, this.#bytes, this.length)
  }

  finish(now: number): StoredFile {
    this.#makeRoom(1)
    this.length += this.#decoder?.end(this.#bytes, this.length) ?? 0
    return { bytes: this.#bytes.subarray(0, this.length), storedAt: now }
  }

  #makeRoom(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + bytes))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}
