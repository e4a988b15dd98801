/**
 * Reads pcap, the classic format of tcpdump. All numbers are in the byte order of the machine that wrote the file; the magic number tells it.
 *
 *     file    magic 4 | version 2 + 2 | zone 4 | accuracy 4 | snap length 4 | link type 4
 *     frame   seconds 4 | micro- or nanoseconds 4 | captured bytes 4 | bytes on the wire 4 | the captured bytes
 */
import { read32 } from '../bytes.ts'
import { type FormatReader, MAX_FRAME_BYTES } from './format.ts'
import { emptyRecord, type RecordSink } from './record.ts'

const FILE_HEADER_BYTES = 24
const FRAME_HEADER_BYTES = 16
/** The upper bits of the link type say whether frames end with a checksum. */
const LINK_TYPE_MASK = 0xffff

/** The magic number as the first four bytes of the file in network order. */
export const PCAP_MAGIC = {
  microseconds: 0xa1b2c3d4,
  microsecondsSwapped: 0xd4c3b2a1,
  nanoseconds: 0xa1b23c4d,
  nanosecondsSwapped: 0x4d3cb2a1,
} as const

export class PcapReader implements FormatReader {
  broken: string | undefined = undefined
  readonly droppedFrames = undefined
  readonly endSeconds = undefined
  readonly #sink: RecordSink
  readonly #record = emptyRecord()
  readonly #littleEndian: boolean
  readonly #nanosPerUnit: number
  #headerRead = false

  /** `magic`: one of PCAP_MAGIC. */
  constructor(magic: number, sink: RecordSink) {
    this.#sink = sink
    this.#littleEndian = magic === PCAP_MAGIC.microsecondsSwapped || magic === PCAP_MAGIC.nanosecondsSwapped
    this.#nanosPerUnit = magic === PCAP_MAGIC.nanoseconds || magic === PCAP_MAGIC.nanosecondsSwapped ? 1 : 1000
  }

  get inside(): string {
    return this.#headerRead ? `frame ${this.#record.number + 1}` : 'its header'
  }

  need(b: Uint8Array, at: number, available: number): number {
    if (!this.#headerRead) return FILE_HEADER_BYTES
    if (available < FRAME_HEADER_BYTES) return FRAME_HEADER_BYTES
    const capturedBytes = read32(b, at + 8, this.#littleEndian)
    if (capturedBytes > MAX_FRAME_BYTES) {
      this.broken = `frame ${this.#record.number + 1} says that it has ${capturedBytes} bytes, more than any frame`
    }
    return FRAME_HEADER_BYTES + capturedBytes
  }

  take(b: Uint8Array, at: number): number {
    const record = this.#record
    if (!this.#headerRead) {
      this.#headerRead = true
      record.linkType = read32(b, at + 20, this.#littleEndian) & LINK_TYPE_MASK
      return 0
    }
    const fraction = read32(b, at + 4, this.#littleEndian) * this.#nanosPerUnit
    record.number++
    record.seconds = read32(b, at, this.#littleEndian) + Math.floor(fraction / 1e9)
    record.nanos = fraction % 1e9
    record.buffer = b
    record.offset = at + FRAME_HEADER_BYTES
    record.length = read32(b, at + 8, this.#littleEndian)
    record.originalBytes = Math.max(record.length, read32(b, at + 12, this.#littleEndian))
    this.#sink.record(record)
    return 0
  }
}
