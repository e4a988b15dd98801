/** An array of mmsghdr with everything that they point to, laid out once and reused for every call. */
import { IOVEC, MMSGHDR, SOCKADDR } from './linux.ts'
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
  readonly #words: Uint32Array
  readonly #iovWords: Uint32Array
  readonly #controlBytes: number

  constructor(native: Native, count: number, controlBytes: number) {
    this.count = count
    this.headers = new Uint8Array(count * MMSGHDR.bytes)
    this.data = new Uint8Array(count * SLOT_BYTES)
    this.names = new Uint32Array(count * NAME_WORDS)
    this.control = new Uint8Array(count * controlBytes)
    this.controlView = new DataView(this.control.buffer)
    this.#controlBytes = controlBytes
    this.#words = new Uint32Array(this.headers.buffer)
    const iov = new ArrayBuffer(count * IOVEC.bytes)
    this.#iovWords = new Uint32Array(iov)
    const header = new DataView(this.headers.buffer)
    const vectors = new DataView(iov)
    const at = (buffer: ArrayBuffer, offset: number): bigint => native.address(buffer) + BigInt(offset)
    for (let i = 0; i < count; i++) {
      const message = i * MMSGHDR.bytes
      header.setBigUint64(message + MMSGHDR.name, at(this.names.buffer as ArrayBuffer, i * SOCKADDR.bytes), true)
      header.setBigUint64(message + MMSGHDR.iov, at(iov, i * IOVEC.bytes), true)
      header.setBigUint64(message + MMSGHDR.iovCount, 1n, true)
      const control = controlBytes === 0 ? 0n : at(this.control.buffer as ArrayBuffer, i * controlBytes)
      header.setBigUint64(message + MMSGHDR.control, control, true)
      vectors.setBigUint64(i * IOVEC.bytes + IOVEC.base, at(this.data.buffer, i * SLOT_BYTES), true)
      this.setLength(i, SLOT_BYTES)
      this.setNameBytes(i, SOCKADDR.bytes)
    }
  }

  /** Bytes received into message `i`. */
  received(i: number): number {
    return this.#words[i * HEADER_WORDS + MMSGHDR.length / 4] as number
  }

  /** Bytes of slot `i` that are to be sent, or may be received. */
  setLength(i: number, bytes: number): void {
    this.#iovWords[i * IOV_WORDS + IOVEC.length / 4] = bytes
  }

  length(i: number): number {
    return this.#iovWords[i * IOV_WORDS + IOVEC.length / 4] as number
  }

  /** Message `i` reads or fills memory elsewhere, which must stay where it is: `address` is that of `native.address`, as a number. */
  pointTo(i: number, address: number): void {
    this.#iovWords[i * IOV_WORDS] = address >>> 0
    this.#iovWords[i * IOV_WORDS + 1] = address / 0x1_0000_0000
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

  /** Where the control data of message `i` begins in `control`. */
  controlAt(i: number): number {
    return i * this.#controlBytes
  }
}

export const NAME_WORDS = SOCKADDR.bytes / 4
const HEADER_WORDS = MMSGHDR.bytes / 4
const IOV_WORDS = IOVEC.bytes / 4
