/** The clients' side of a put: a window at a time (RFC 7440), or a block (RFC 1350). */
import { OPCODE, readBlock, seqNear } from '../packet/index.ts'
import type { Clients } from './clients.ts'
import type { Direction, Run } from './read.ts'

/** A server that reports a gap for each packet beyond it must not get the window for each of them. */
const RESEND_EVERY_MS = 5

export class Writing implements Direction {
  readonly #run: Run

  constructor(run: Run) {
    this.#run = run
  }

  agreed(c: number): void {
    this.#send(c)
  }

  packet(c: number, buffer: Uint8Array, offset: number, _length: number): void {
    if (buffer[offset + 1] !== OPCODE.ack) return
    const { clients, now } = this.#run
    const done = clients.done[c]
    const seq = seqNear(readBlock(buffer, offset), done, 0)
    if (seq > clients.highest[c] || seq < done) return
    if (seq === done && clients.highest[c] > 0 && !this.#mayResend(clients, c, now)) return
    clients.done[c] = seq
    clients.progressed(c, now)
    const frames = this.#run.framesOf(clients.blksize[c])
    if (frames !== undefined && seq === frames.lastSeq) this.#run.completed(c, frames.sizeBytes)
    else this.#send(c)
  }

  repeat(c: number): void {
    this.#send(c)
  }

  endOfBatch(): void {}

  forget(): void {}

  /** The ACK of before once more. With one block under way an answer to it is the Sorcerer's Apprentice (RFC 1123 §4.2.3.1). */
  #mayResend(clients: Clients, c: number, now: number): boolean {
    return clients.windowsize[c] > 1 && now - clients.resentAt[c] >= RESEND_EVERY_MS
  }

  #send(c: number): void {
    const { clients, now } = this.#run
    const frames = this.#run.framesOf(clients.blksize[c])
    if (frames === undefined) return
    const first = clients.done[c] + 1
    const last = Math.min(clients.done[c] + clients.windowsize[c], frames.lastSeq)
    if (clients.highest[c] >= first) {
      clients.resentAt[c] = now
      for (let seq = first; seq <= Math.min(last, clients.highest[c]); seq++) this.#run.again()
    }
    clients.highest[c] = Math.max(clients.highest[c], last)
    this.#run.blocks(c, frames, first, last)
  }
}
