/** A file fetched from the server under test, checked and thrown away. */
import { crc32 } from 'node:zlib'
import type { TransferJob } from './job.ts'
import type { Task } from './load-client.ts'
import { ACK, DATA, ERROR, errorText, granted, HEADER_BYTES, OACK, requestPacket } from './load-packets.ts'

export class ReadTask implements Task {
  readonly request: Uint8Array
  readonly sizeBytes: number
  blksize = 512
  windowsize = 1
  repeats = 0
  readonly #crc32: number
  readonly #ack = new Uint8Array([0, ACK, 0, 0])
  /** Blocks received in order. */
  #blocks = 0
  #bytes = 0
  #crc = 0
  /** Blocks since the last acknowledgement. */
  #unacknowledged = 0
  #reported = -1

  constructor(job: TransferJob) {
    this.request = requestPacket(1, job.file, job.blksize, job.windowsize)
    this.sizeBytes = job.sizeBytes
    this.#crc32 = job.crc32
  }

  receive(data: Buffer, send: (packet: Uint8Array) => void): string | undefined {
    switch (data[1]) {
      case DATA:
        return this.#received(data, send)
      case OACK:
        if (this.#blocks > 0) return undefined
        ;({ blksize: this.blksize, windowsize: this.windowsize } = granted(data))
        this.#acknowledge(send)
        return undefined
      case ERROR:
        return errorText(data)
      default:
        return `unexpected opcode ${data[1]}`
    }
  }

  repeat(send: (packet: Uint8Array) => void): void {
    this.#acknowledge(send)
  }

  #received(data: Buffer, send: (packet: Uint8Array) => void): string | undefined {
    const block = ((data[2] as number) << 8) | (data[3] as number)
    if (block !== ((this.#blocks + 1) & 0xffff)) {
      // RFC 7440 §4: name the last block in order, once for each gap.
      if (this.windowsize > 1 && this.#reported !== this.#blocks) {
        this.#reported = this.#blocks
        this.repeats++
        this.#acknowledge(send)
      }
      return undefined
    }
    const length = data.length - HEADER_BYTES
    this.#blocks++
    this.#bytes += length
    this.#crc = crc32(data.subarray(HEADER_BYTES), this.#crc)
    const last = length < this.blksize
    if (last || ++this.#unacknowledged === this.windowsize) this.#acknowledge(send)
    return last ? this.#verdict() : undefined
  }

  #acknowledge(send: (packet: Uint8Array) => void): void {
    this.#unacknowledged = 0
    this.#ack[2] = (this.#blocks >>> 8) & 0xff
    this.#ack[3] = this.#blocks & 0xff
    send(this.#ack)
  }

  #verdict(): string {
    if (this.#bytes !== this.sizeBytes) return `${this.#bytes} bytes instead of ${this.sizeBytes}`
    return this.#crc === this.#crc32 ? '' : 'damaged: the checksum differs'
  }
}
