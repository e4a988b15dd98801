/**
 * Reads a capture file that is pushed in pieces of any size: pcap or pcapng, told by its first bytes. Memory is bounded by one frame. A file that
 * breaks off or turns into nonsense is no error: all frames before that place were handed on, and `end` says where and what it is.
 */
import { ForesendError } from '../../error.ts'
import { read32 } from '../bytes.ts'
import { type FormatReader, MAX_ITEM_BYTES } from './format.ts'
import { PCAP_MAGIC, PcapReader } from './pcap.ts'
import { PcapngReader, SECTION_HEADER } from './pcapng.ts'
import type { RecordSink } from './record.ts'

const MAGIC_BYTES = 4

export interface ReadEnd {
  readonly format: 'pcap' | 'pcapng'
  /** Bytes that were pushed. */
  readonly bytes: number
  readonly broken: { readonly atByte: number; readonly reason: string } | undefined
  /** Frames that the capturing program says it dropped. */
  readonly droppedFrames: number | undefined
  /** As of a `FormatReader`. */
  readonly endSeconds: number | undefined
}

export class CaptureReader {
  readonly #name: string
  readonly #sink: RecordSink
  #format: FormatReader | undefined
  #isPcapng = false
  /** The beginning of an item whose end has not been pushed yet. */
  #held = new Uint8Array(4096)
  #heldBytes = 0
  #skipBytes = 0
  /** Bytes pushed; where the present item begins, and its length while its rest is skipped. */
  #bytes = 0
  #itemBytes = 0
  #itemAt = 0

  /** `name` stands in messages. */
  constructor(name: string, sink: RecordSink) {
    this.#name = name
    this.#sink = sink
  }

  /** The next bytes of the file; they are not kept. Throws ERR_TFTP_CAPTURE when the file is no capture. */
  push(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    let at = 0
    while (this.#format?.broken === undefined) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, bytes.length - at)
        this.#skipBytes -= skipped
        at += skipped
        if (this.#skipBytes > 0) return
        this.#itemAt += this.#itemBytes
      }
      const taken = this.#heldBytes > 0 ? this.#takeHeld(bytes, at) : this.#takeHere(bytes, at)
      if (taken === 0) return
      at += taken
    }
  }

  /** The file is over. Throws ERR_TFTP_CAPTURE when it was empty or too short to tell. */
  end(): ReadEnd {
    if (this.#bytes === 0) throw this.#notCapture('is empty; capture again, with -w FILE for tcpdump')
    const format = (this.#format ??= this.#choose(this.#held, 0, this.#heldBytes))
    const isCut = this.#heldBytes > 0 || this.#skipBytes > 0
    const reason = format.broken ?? (isCut ? `the file ends inside ${format.inside}` : undefined)
    return {
      format: this.#isPcapng ? 'pcapng' : 'pcap',
      bytes: this.#bytes,
      broken: reason === undefined ? undefined : { atByte: this.#itemAt, reason },
      droppedFrames: format.droppedFrames,
      endSeconds: format.endSeconds,
    }
  }

  /** Reads an item that lies whole in `bytes`, or holds what there is. Returns the bytes used, 0 when no more can be done with them. */
  #takeHere(bytes: Uint8Array, at: number): number {
    const available = bytes.length - at
    if (available === 0) return 0
    const need = this.#need(bytes, at, available)
    if (this.#format?.broken !== undefined) return 0
    if (need > available || this.#format === undefined) {
      this.#hold(bytes, at, available)
      return 0
    }
    this.#take(this.#format, bytes, at, need)
    return need
  }

  /** Completes the item that is held. Returns the bytes used. */
  #takeHeld(bytes: Uint8Array, at: number): number {
    let used = 0
    for (;;) {
      const need = this.#need(this.#held, 0, this.#heldBytes)
      const format = this.#format
      if (format?.broken !== undefined) return used
      if (format !== undefined && need <= this.#heldBytes) {
        this.#heldBytes = 0
        this.#take(format, this.#held, 0, need)
        return used
      }
      const more = Math.min(need - this.#heldBytes, bytes.length - at - used)
      if (more === 0) return 0
      this.#hold(bytes, at + used, more)
      used += more
    }
  }

  #need(b: Uint8Array, at: number, available: number): number {
    if (this.#format === undefined && available < MAGIC_BYTES) return MAGIC_BYTES
    this.#format ??= this.#choose(b, at, available)
    return this.#format.need(b, at, available)
  }

  #take(format: FormatReader, b: Uint8Array, at: number, need: number): void {
    this.#skipBytes = format.take(b, at)
    this.#itemBytes = need + this.#skipBytes
    if (format.broken === undefined && this.#skipBytes === 0) this.#itemAt += need
  }

  #hold(bytes: Uint8Array, at: number, count: number): void {
    const total = this.#heldBytes + count
    if (total > this.#held.length) {
      const larger = new Uint8Array(Math.min(MAX_ITEM_BYTES, Math.max(total, 2 * this.#held.length)))
      larger.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = larger
    }
    this.#held.set(bytes.subarray(at, at + count), this.#heldBytes)
    this.#heldBytes = total
  }

  /** Chooses the format by the first four bytes. Fewer, at the end of the file, are the beginning of one of them, or nothing. */
  #choose(b: Uint8Array, at: number, available: number): FormatReader {
    for (const magic of [SECTION_HEADER, ...Object.values(PCAP_MAGIC)]) {
      if (!beginsWith(b, at, Math.min(available, MAGIC_BYTES), magic)) continue
      this.#isPcapng = magic === SECTION_HEADER
      return this.#isPcapng ? new PcapngReader(this.#sink) : new PcapReader(magic, this.#sink)
    }
    throw this.#notCapture(`is not a capture: ${describe(b, at, Math.min(available, MAGIC_BYTES))}`)
  }

  #notCapture(what: string): ForesendError {
    return new ForesendError('ERR_TFTP_CAPTURE', `${this.#name} ${what}`, { fault: 'local' })
  }
}

function beginsWith(b: Uint8Array, at: number, count: number, magic: number): boolean {
  for (let i = 0; i < count; i++) if (b[at + i] !== ((magic >>> (24 - 8 * i)) & 0xff)) return false
  return true
}

/** First bytes of files that are mistaken for captures, and what makes captures of them. */
const OTHERS: readonly (readonly [magic: number, hint: string])[] = [
  [0x1f8b0800, 'it is packed with gzip; unpack it with gunzip'],
  [0x28b52ffd, 'it is packed with zstd; unpack it with unzstd'],
  [0xfd377a58, 'it is packed with xz; unpack it with unxz'],
  [0x504b0304, 'it is a ZIP archive; unpack it with unzip'],
  [0x736e6f6f, 'it is from snoop; editcap IN OUT.pcapng turns it into a capture that can be read'],
  [0x474d4255, 'it is from Network Monitor; editcap IN OUT.pcapng turns it into a capture that can be read'],
  [0xa1b2cd34, 'it is an old variant of pcap; editcap IN OUT.pcapng turns it into a capture that can be read'],
  [0x34cdb2a1, 'it is an old variant of pcap; editcap IN OUT.pcapng turns it into a capture that can be read'],
]

function describe(b: Uint8Array, at: number, count: number): string {
  const known = count === MAGIC_BYTES ? OTHERS.find(([magic]) => same(magic, read32(b, at, false))) : undefined
  if (known !== undefined) return known[1]
  const hex = Array.from(b.subarray(at, at + count), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return `it begins with ${hex}; give a pcap or pcapng file, as tcpdump -w and Wireshark write them`
}

/** gzip's flags, the fourth byte, vary. */
function same(magic: number, found: number): boolean {
  return magic === found || (magic === 0x1f8b0800 && found >>> 8 === 0x1f8b08)
}
