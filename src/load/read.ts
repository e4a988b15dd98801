/** The clients' side of a get: RFC 1350 and 7440, to the letter, with a timer of its own. */
import { blockOfSeq, HEADER_BYTES, OPCODE, readBlock, seqNear, writeAck } from '../packet/index.ts'
import type { Clients } from './clients.ts'
import type { Frames } from './frames.ts'

/** What a direction of data needs of the run. Everything about client `c` is over with `completed` and `failed`. */
export interface Run {
  readonly clients: Clients
  /** Of the batch that is being handled. */
  readonly now: number
  /** What the file must be, in blocks of this size; undefined where that is not known. */
  framesOf(blksize: number): Frames | undefined
  /** A small packet to the client's server. */
  control(c: number, packet: Uint8Array, length: number): void
  /** Blocks `first` to `last` of `frames`. */
  blocks(c: number, frames: Frames, first: number, last: number): void
  again(): void
  completed(c: number, bytes: number): void
  failed(c: number, reason: string, notify: boolean): void
}

/** One direction of data. Clients are numbers; the server's first answer has been understood. */
export interface Direction {
  /** The server agreed with an OACK. */
  agreed(c: number): void
  /** DATA or ACK of the client's TID. */
  packet(c: number, buffer: Uint8Array, offset: number, length: number): void
  /** The client's timer ran out. */
  repeat(c: number): void
  /** The buffer is about to be used again, or what a client did is about to be forgotten. */
  endOfBatch(): void
  /** Client `c` has failed already. */
  forget(c: number): void
}

export class Reading implements Direction {
  readonly #run: Run
  readonly #ack = new Uint8Array(HEADER_BYTES)
  /** Blocks of one client that lie side by side in the receive buffer, and are yet to be compared. */
  #client = -1
  #from = 0
  #to = 0
  #seq = 0
  #buffer: Uint8Array = this.#ack

  constructor(run: Run) {
    this.#run = run
  }

  agreed(c: number): void {
    this.#acknowledge(c)
  }

  packet(c: number, buffer: Uint8Array, offset: number, length: number): void {
    if (buffer[offset + 1] !== OPCODE.data) return
    const { clients } = this.#run
    const done = clients.done[c]
    const seq = seqNear(readBlock(buffer, offset), done, 0)
    if (seq === done + 1) this.#take(c, seq, buffer, offset, length)
    else if (seq > done) this.#gap(c, seq)
    else this.#repeated(c, seq)
  }

  repeat(c: number): void {
    this.#acknowledge(c)
  }

  endOfBatch(): void {
    this.#compare()
  }

  forget(c: number): void {
    if (this.#client === c) this.#client = -1
  }

  #take(c: number, seq: number, buffer: Uint8Array, offset: number, length: number): void {
    const { clients } = this.#run
    const payload = length - HEADER_BYTES
    if (payload > clients.blksize[c]) {
      this.#run.failed(c, `block ${seq} has ${payload} bytes, more than agreed`, true)
      return
    }
    if (!this.#willCompare(c, seq, buffer, offset, length)) return
    clients.done[c] = seq
    clients.highest[c] = seq
    clients.progressed(c, this.#run.now)
    if (payload < clients.blksize[c]) this.#finish(c, seq, payload)
    else if (++clients.unacknowledged[c] >= clients.windowsize[c]) this.#acknowledge(c)
  }

  #finish(c: number, seq: number, payload: number): void {
    const { clients } = this.#run
    this.#compare()
    // It was not what it should be.
    if (clients.tid[c] === 0) return
    const bytes = (seq - 1) * clients.blksize[c] + payload
    const frames = this.#run.framesOf(clients.blksize[c])
    if (frames !== undefined && frames.sizeBytes !== bytes) {
      this.#run.failed(c, `${bytes} bytes came instead of ${frames.sizeBytes}`, true)
      return
    }
    this.#acknowledge(c)
    this.#run.completed(c, bytes)
  }

  /** RFC 7440 §4: the last block in order, once for each gap. When the blocks beyond it begin anew, it was lost again. */
  #gap(c: number, seq: number): void {
    const { clients } = this.#run
    const isReported = clients.highest[c] > clients.done[c] && seq > clients.highest[c]
    clients.highest[c] = seq
    if (isReported) return
    this.#run.again()
    this.#acknowledge(c)
  }

  /** The server did not get the ACK of the last block, or repeats a window and waits for the ACK of its end. */
  #repeated(c: number, seq: number): void {
    this.#run.again()
    if (seq === this.#run.clients.done[c]) this.#acknowledge(c)
  }

  #acknowledge(c: number): void {
    const { clients } = this.#run
    clients.unacknowledged[c] = 0
    writeAck(this.#ack, 0, blockOfSeq(clients.done[c], 0))
    this.#run.control(c, this.#ack, HEADER_BYTES)
  }

  /** False when it cannot be right. */
  #willCompare(c: number, seq: number, buffer: Uint8Array, offset: number, length: number): boolean {
    const frames = this.#run.framesOf(this.#run.clients.blksize[c])
    if (frames === undefined) return true
    if (seq > frames.lastSeq) {
      this.#run.failed(c, `block ${seq} came, and the file has ${frames.lastSeq}`, true)
      return false
    }
    const joins = this.#client === c && this.#to === offset
    if (!joins) {
      this.#compare()
      if (this.#run.clients.tid[c] === 0) return false
      this.#client = c
      this.#from = offset
      this.#seq = seq
      this.#buffer = buffer
    }
    this.#to = offset + length
    return true
  }

  #compare(): void {
    const c = this.#client
    if (c < 0) return
    this.#client = -1
    const frames = this.#run.framesOf(this.#run.clients.blksize[c])
    if (frames === undefined) return
    const at = frames.at(this.#seq)
    const end = at + this.#to - this.#from
    if (end <= frames.bytes.length && frames.bytes.compare(this.#buffer, this.#from, this.#to, at, end) === 0) return
    this.#run.failed(c, `damaged: block ${this.#seq} or one after it differs`, true)
  }
}
