/**
 * An array of mmsghdr with everything that they point to, laid out once and reused for every call. A message is sent from
 * its slot, or in pieces: small heads from here, each followed by bytes that lie in memory somewhere else.
 */
import { CMSG, IOVEC, MMSGHDR, SOCKADDR, SOL_UDP, UDP_SEGMENT } from './linux.ts'
import type { Native } from './linux.ts'

/** Room for the data of one message: more than a UDP datagram can carry. */
export const SLOT_BYTES = 65_536

export class Messages {
  readonly count: number
  readonly headers: Uint8Array
  /** Slot `i` begins at `i * SLOT_BYTES`. The system gives memory to it only where it was written. */
  readonly data: Uint8Array<ArrayBuffer>
  /** Names of the peers: sockaddr `i` begins at word `i * NAME_WORDS`. */
  readonly names: Uint32Array
  readonly control: Uint8Array
  readonly controlView: DataView
  /** Bytes of each datagram of the message that `take` returned last: all of it, unless the kernel joined several. */
  joinedBytes = 0
  readonly #words: Uint32Array
  readonly #iovWords: Uint32Array
  readonly #controlBytes: number
  /** Of each message: its slot's, then two for each piece. */
  readonly #vectors: number
  readonly #pieces: number
  readonly #heads: Uint8Array
  readonly #iovAddress: number

  /** `pieces`: how many a message may be sent in; none by default. */
  constructor(native: Native, count: number, controlBytes: number, pieces = 0) {
    this.count = count
    this.#pieces = pieces
    this.#vectors = 1 + 2 * pieces
    this.#heads = new Uint8Array(count * pieces * HEAD_BYTES)
    this.headers = new Uint8Array(count * MMSGHDR.bytes)
    this.data = new Uint8Array(count * SLOT_BYTES)
    this.names = new Uint32Array(count * NAME_WORDS)
    this.control = new Uint8Array(count * controlBytes)
    this.controlView = new DataView(this.control.buffer)
    this.#controlBytes = controlBytes
    this.#words = new Uint32Array(this.headers.buffer)
    const iov = new ArrayBuffer(count * this.#vectors * IOVEC.bytes)
    this.#iovWords = new Uint32Array(iov)
    this.#iovAddress = Number(native.address(iov))
    const header = new DataView(this.headers.buffer)
    const vectors = new DataView(iov)
    const at = (buffer: ArrayBuffer, offset: number): bigint => native.address(buffer) + BigInt(offset)
    for (let i = 0; i < count; i++) {
      const message = i * MMSGHDR.bytes
      header.setBigUint64(message + MMSGHDR.name, at(this.names.buffer as ArrayBuffer, i * SOCKADDR.bytes), true)
      header.setBigUint64(message + MMSGHDR.iov, at(iov, i * this.#vectors * IOVEC.bytes), true)
      header.setBigUint64(message + MMSGHDR.iovCount, 1n, true)
      const control = controlBytes === 0 ? 0n : at(this.control.buffer as ArrayBuffer, i * controlBytes)
      header.setBigUint64(message + MMSGHDR.control, control, true)
      const slot = i * this.#vectors * IOVEC.bytes
      vectors.setBigUint64(slot + IOVEC.base, at(this.data.buffer, i * SLOT_BYTES), true)
      for (let k = 0; k < pieces; k++) {
        const head = slot + (1 + 2 * k) * IOVEC.bytes
        const offset = (i * pieces + k) * HEAD_BYTES
        vectors.setBigUint64(head + IOVEC.base, at(this.#heads.buffer as ArrayBuffer, offset), true)
        vectors.setBigUint64(head + IOVEC.length, BigInt(HEAD_BYTES), true)
      }
      this.setLength(i, SLOT_BYTES)
      this.setNameBytes(i, SOCKADDR.bytes)
    }
  }

  /**
   * Message `i` was received: its bytes, with `joinedBytes` set, and the message is ready to be received into again. The peer's
   * address stays where it is.
   */
  take(i: number): number {
    const at = i * HEADER_WORDS
    const length = this.#words[at + MMSGHDR.length / 4]
    this.joinedBytes = this.segmentBytes(i) || length
    this.#words[at + MMSGHDR.controlBytes / 4] = SEGMENT_CONTROL_BYTES
    this.#words[at + MMSGHDR.nameBytes / 4] = SOCKADDR.bytes
    return length
  }

  /** Bytes received into message `i`. */
  received(i: number): number {
    return this.#words[i * HEADER_WORDS + MMSGHDR.length / 4] as number
  }

  /** Bytes of slot `i` that are to be sent, or may be received. */
  setLength(i: number, bytes: number): void {
    this.#iovWords[i * this.#vectors * IOV_WORDS + IOVEC.length / 4] = bytes
  }

  length(i: number): number {
    return this.#iovWords[i * this.#vectors * IOV_WORDS + IOVEC.length / 4] as number
  }

  /** Message `i` is sent from its slot. */
  useSlot(i: number): void {
    this.#useVectors(i, 0, 1)
  }

  /** Message `i` is sent as its first `count` pieces. */
  usePieces(i: number, count: number): void {
    this.#useVectors(i, 1, 2 * count)
  }

  /** Piece `k` of message `i`: a head of four bytes, and `bytes` of the memory at `address`. */
  setPiece(i: number, k: number, head: number, address: number, bytes: number): void {
    const words = this.#iovWords
    const at = (i * this.#vectors + 2 + 2 * k) * IOV_WORDS
    words[at] = address
    words[at + 1] = address / 0x1_0000_0000
    words[at + 2] = bytes
    const heads = this.#heads
    const offset = (i * this.#pieces + k) * HEAD_BYTES
    heads[offset] = head >>> 24
    heads[offset + 1] = head >>> 16
    heads[offset + 2] = head >>> 8
    heads[offset + 3] = head
  }

  /** Makes piece 0 of message `i` what piece `k` of message `from` of `other` is. Returns its bytes, head included. */
  copyPiece(i: number, other: Messages, from: number, k: number): number {
    const words = other.#iovWords
    const at = (from * other.#vectors + 2 + 2 * k) * IOV_WORDS
    const heads = other.#heads
    const offset = (from * other.#pieces + k) * HEAD_BYTES
    const high = (heads[offset] << 24) | (heads[offset + 1] << 16)
    const head = high | (heads[offset + 2] << 8) | heads[offset + 3]
    this.setPiece(i, 0, head, words[at] + words[at + 1] * 0x1_0000_0000, words[at + 2])
    return HEAD_BYTES + words[at + 2]
  }

  #useVectors(i: number, first: number, count: number): void {
    const address = this.#iovAddress + (i * this.#vectors + first) * IOVEC.bytes
    const at = i * HEADER_WORDS
    this.#words[at + MMSGHDR.iov / 4] = address
    this.#words[at + MMSGHDR.iov / 4 + 1] = address / 0x1_0000_0000
    this.#words[at + MMSGHDR.iovCount / 4] = count
  }

  /** Message `i` reads or fills memory elsewhere, which must stay where it is: `address` is that of `native.address`, as a number. */
  pointTo(i: number, address: number): void {
    this.#iovWords[i * IOV_WORDS] = address >>> 0
    this.#iovWords[i * IOV_WORDS + 1] = address / 0x1_0000_0000
  }

  /** The peer of message `i`: the sockaddr of `bytes` bytes that begins at word `at` of `words`. */
  setName(i: number, words: Uint32Array, at: number, bytes: number): void {
    const to = i * NAME_WORDS
    const { names } = this
    for (let k = 0; k < bytes / 4; k++) names[to + k] = words[at + k]
    this.#words[i * HEADER_WORDS + MMSGHDR.nameBytes / 4] = bytes
  }

  /** Where message `i` goes, as in `setName`, and what the kernel cuts it into, as in `setSegmentBytes`. */
  setEnvelope(i: number, words: Uint32Array, at: number, bytes: number, segmentBytes: number): void {
    this.setName(i, words, at, bytes)
    this.setSegmentBytes(i, segmentBytes)
  }

  setNameBytes(i: number, bytes: number): void {
    this.#words[i * HEADER_WORDS + MMSGHDR.nameBytes / 4] = bytes
  }

  setControlBytes(i: number, bytes: number): void {
    this.#words[i * HEADER_WORDS + MMSGHDR.controlBytes / 4] = bytes
  }

  controlBytes(i: number): number {
    return this.#words[i * HEADER_WORDS + MMSGHDR.controlBytes / 4] as number
  }

  /** Makes room in each message for what `segmentBytes` reads. */
  expectSegments(i: number): void {
    this.setControlBytes(i, SEGMENT_CONTROL_BYTES)
  }

  /**
   * Bytes of each datagram that the kernel joined into received message `i` (UDP_GRO), the last of which may be shorter; 0 when
   * it is a single one.
   */
  segmentBytes(i: number): number {
    if (this.controlBytes(i) < CMSG.data + 4) return 0
    const at = this.controlAt(i)
    if (this.controlView.getInt32(at + CMSG.level, true) !== SOL_UDP) return 0
    return this.controlView.getInt32(at + CMSG.data, true)
  }

  /** Prepares every message for `setSegmentBytes`. */
  layOutSegments(): void {
    for (let i = 0; i < this.count; i++) {
      const at = this.controlAt(i)
      this.controlView.setBigUint64(at + CMSG.length, BigInt(CMSG.data + 2), true)
      this.controlView.setInt32(at + CMSG.level, SOL_UDP, true)
      this.controlView.setInt32(at + CMSG.type, UDP_SEGMENT, true)
    }
  }

  /** The kernel cuts message `i` into datagrams of `bytes` (UDP_SEGMENT); 0 sends it as one. */
  setSegmentBytes(i: number, bytes: number): void {
    this.setControlBytes(i, bytes === 0 ? 0 : SEGMENT_CONTROL_BYTES)
    if (bytes !== 0) this.controlView.setUint16(this.controlAt(i) + CMSG.data, bytes, true)
  }

  /** Where the control data of message `i` begins in `control`. */
  controlAt(i: number): number {
    return i * this.#controlBytes
  }
}

/** Control data for segments: CMSG_SPACE of the uint16 that is sent, and of the int that is received. */
export const SEGMENT_CONTROL_BYTES = 24
/** Room for a DATA header. */
const HEAD_BYTES = 4
export const NAME_WORDS = SOCKADDR.bytes / 4
const HEADER_WORDS = MMSGHDR.bytes / 4
const IOV_WORDS = IOVEC.bytes / 4
