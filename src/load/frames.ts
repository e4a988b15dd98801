/**
 * A file as the DATA packets of one block size, one behind the other. Every transfer of it has the same packets, so a
 * window is a piece of this memory: sent without a copy, and compared with what came in one go.
 */
import type { Native } from '../io/native/linux.ts'
import { blockOfSeq, HEADER_BYTES, writeDataHeader } from '../packet/index.ts'

export class Frames {
  readonly blksize: number
  /** Bytes of a whole packet. */
  readonly stride: number
  readonly lastSeq: number
  readonly sizeBytes: number
  /** Where `bytes` begin in memory; they stay there. */
  readonly address: number
  readonly bytes: Buffer<ArrayBuffer>

  constructor(native: Native, content: Uint8Array, blksize: number) {
    this.blksize = blksize
    this.stride = HEADER_BYTES + blksize
    this.sizeBytes = content.length
    this.lastSeq = Math.floor(content.length / blksize) + 1
    this.bytes = Buffer.from(new ArrayBuffer(content.length + this.lastSeq * HEADER_BYTES))
    this.address = Number(native.address(this.bytes.buffer))
    for (let seq = 1; seq <= this.lastSeq; seq++) {
      const from = (seq - 1) * blksize
      writeDataHeader(this.bytes, this.at(seq), blockOfSeq(seq, 0))
      this.bytes.set(content.subarray(from, from + blksize), this.at(seq) + HEADER_BYTES)
    }
  }

  /** Where the packet of block `seq` begins. */
  at(seq: number): number {
    return (seq - 1) * this.stride
  }

  /** Bytes of the packets `first` to `last`, which must not be past the end. */
  span(first: number, last: number): number {
    return Math.min(this.at(last + 1), this.bytes.length) - this.at(first)
  }
}
