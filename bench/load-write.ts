/** A file stored on the server under test. The bench looks at what arrived. */
import type { TransferJob } from './job.ts'
import type { Task } from './load-client.ts'
import { ACK, DATA, ERROR, errorText, granted, HEADER_BYTES, OACK, requestPacket } from './load-packets.ts'

/** A receiver that reports a gap for each packet after it must not get the window for each of them. */
const RESEND_EVERY_MS = 5

export class WriteTask implements Task {
  readonly request: Uint8Array
  readonly sizeBytes: number
  blksize = 512
  windowsize = 1
  repeats = 0
  readonly #source: Buffer
  /** One for each place in the window, so that a packet which Node had to queue keeps its bytes. */
  readonly #frames: Buffer[] = []
  #begun = false
  /** The next block that the server wants, from 1. */
  #base = 1
  #sent = 0
  #resentAt = 0

  constructor(job: TransferJob, source: Buffer) {
    this.request = requestPacket(2, job.file, job.blksize, job.windowsize)
    this.sizeBytes = job.sizeBytes
    this.#source = source
  }

  receive(data: Buffer, send: (packet: Uint8Array) => void): string | undefined {
    switch (data[1]) {
      case OACK:
        if (!this.#begun) {
          ;({ blksize: this.blksize, windowsize: this.windowsize } = granted(data))
          this.#begin(send)
        }
        return undefined
      case ACK:
        return this.#acknowledged(((data[2] as number) << 8) | (data[3] as number), send)
      case ERROR:
        return errorText(data)
      default:
        return `unexpected opcode ${data[1]}`
    }
  }

  repeat(send: (packet: Uint8Array) => void): void {
    this.#sendWindow(send)
  }

  get #lastBlock(): number {
    return Math.floor(this.sizeBytes / this.blksize) + 1
  }

  #begin(send: (packet: Uint8Array) => void): void {
    this.#begun = true
    for (let i = 0; i < this.windowsize; i++) this.#frames.push(Buffer.alloc(HEADER_BYTES + this.blksize))
    this.#sendWindow(send)
  }

  #acknowledged(block: number, send: (packet: Uint8Array) => void): string | undefined {
    if (!this.#begun) {
      if (block === 0) this.#begin(send)
      return undefined
    }
    // The block nearest to the base that has these 16 bits.
    const seq = this.#base + ((((block - this.#base) & 0xffff) ^ 0x8000) - 0x8000)
    if (seq > this.#sent || seq < this.#base - 1) return undefined
    if (seq === this.#base - 1) {
      // With one block under way this is the Sorcerer's Apprentice.
      if (this.windowsize === 1 || performance.now() - this.#resentAt < RESEND_EVERY_MS) return undefined
    }
    this.#base = seq + 1
    if (this.#base > this.#lastBlock) return ''
    this.#sendWindow(send)
    return undefined
  }

  #sendWindow(send: (packet: Uint8Array) => void): void {
    const end = Math.min(this.#base + this.windowsize - 1, this.#lastBlock)
    if (this.#sent >= this.#base) {
      this.repeats += this.#sent - this.#base + 1
      this.#resentAt = performance.now()
    }
    for (let seq = this.#base; seq <= end; seq++) {
      const frame = this.#frames[seq % this.windowsize] as Buffer
      const start = (seq - 1) * this.blksize
      const length = Math.min(this.blksize, this.sizeBytes - start)
      frame[1] = DATA
      frame[2] = (seq >>> 8) & 0xff
      frame[3] = seq & 0xff
      this.#source.copy(frame, HEADER_BYTES, start, start + length)
      send(length === this.blksize ? frame : frame.subarray(0, HEADER_BYTES + length))
    }
    this.#sent = Math.max(this.#sent, end)
  }
}
