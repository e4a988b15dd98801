/** An image that is made for one request and lives in memory. */
import { crc32 } from 'node:zlib'
import { NetasciiEncoder, netasciiSize } from '../packet/index.ts'
import type { Image } from './contract.ts'
import { requireOpen } from './image.ts'

export class MemoryImage implements Image {
  readonly name: string
  readonly sizeBytes: number
  readonly address = 0
  readonly #bytes: Uint8Array
  readonly #crc32: number
  #open = true

  constructor(name: string, text: string, mode: 'octet' | 'netascii') {
    const bytes = Buffer.from(text, 'utf8')
    this.name = name
    this.#crc32 = crc32(bytes)
    this.#bytes = mode === 'netascii' ? inNetascii(bytes) : bytes
    this.sizeBytes = this.#bytes.length
  }

  read(position: number, target: Uint8Array, targetOffset: number, length: number): number {
    requireOpen(this.#open, this.name)
    const part = this.#bytes.subarray(position, position + length)
    target.set(part, targetOffset)
    return part.length
  }

  verify(): void {
    requireOpen(this.#open, this.name)
  }

  crc32(): Promise<number | undefined> {
    return Promise.resolve(this.#crc32)
  }

  close(): void {
    this.#open = false
  }
}

function inNetascii(bytes: Uint8Array): Uint8Array {
  const target = new Uint8Array(netasciiSize(bytes, 0, bytes.length))
  new NetasciiEncoder().encode(bytes, 0, bytes.length, target, 0)
  return target
}
