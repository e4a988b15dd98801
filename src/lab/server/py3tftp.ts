/**
 * py3tftp 1.3. Every packet that is out goes out again each 0.5 s (or the client's `timeout`); 5 s without a right ACK end
 * it. With a window, an ACK inside it is answered by what it did not confirm and as many new blocks as it did, but with a
 * window of three or more the new blocks get the numbers of blocks that were sent already: the image is spoilt.
 */
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import type { ServeSetup, ForeignModel } from './model.ts'
import { acceptOptions } from './options.ts'

const REPEAT_MS = 500
const CONNECTION_MS = 5000
const BLOCK_MASK = 0xffff

export function py3tftp(): ForeignModel {
  return {
    type: 'py3tftp',
    summary: 'resends the overlap on a partial ACK, with wrong numbers from a window of 3 on; 0.5 s, 5 s',
    requests: 'beside',
    serve(request, setup: ServeSetup): ModelTransfer {
      const accepted = acceptOptions(request, setup.sizeBytes, { knows: ['blksize', 'timeout', 'tsize', 'windowsize'] })
      const machine = new Py3tftp({ ...setup, ...accepted }, accepted.windowsize, accepted.timeoutMs ?? REPEAT_MS)
      return { machine, blksize: accepted.blksize, rollover: 0 }
    },
  }
}

/** What a block is, and what the program calls it. */
interface Packet {
  readonly seq: number
  readonly label: number
}

class Py3tftp extends ModelSender {
  readonly #windowsize: number
  readonly #repeatMs: number
  /** What is out, oldest first, at most a window. */
  #packets: Packet[] = []
  /** The number of the newest block, as the program counts. */
  #counter: number
  /** Blocks read from the file. */
  #read = 0
  #connectionUntil = 0

  constructor(setup: TransferSetup, windowsize: number, repeatMs: number) {
    super(setup)
    this.#windowsize = windowsize
    this.#repeatMs = repeatMs
    this.#counter = 0
  }

  protected onStart(now: number): void {
    if (this.oack === undefined) this.#addBlock()
    this.#connectionUntil = now + CONNECTION_MS
    this.#transmit(now)
  }

  protected onAck(now: number, seq: number): void {
    if (seq > this.#counter || seq <= this.#counter - this.#windowsize) return
    this.#connectionUntil = now + CONNECTION_MS
    this.delivered(now, seq)
    let newBlocks = this.#windowsize
    if (seq === this.#counter) {
      if (this.#read === this.lastSeq) return this.complete()
    } else {
      newBlocks -= this.#counter - seq
      // The program's mistake: right for one new block only.
      this.#counter += 1 - newBlocks
    }
    // Confirmed blocks are let go one by one as new ones come in; at the end of the file all of the older ones.
    for (let i = 0; i < newBlocks; i++) {
      if (this.#read === this.lastSeq) {
        this.#packets = i === 0 ? this.#packets : this.#packets.slice(-i)
        break
      }
      if (this.#packets.length >= this.#windowsize) this.#packets.shift()
      this.#addBlock()
    }
    this.nearest = this.#counter
    this.#transmit(now)
  }

  protected onTimer(now: number): void {
    if (now >= this.#connectionUntil) return this.fail('connection timed out')
    this.timedOut()
    this.#transmit(now)
  }

  #addBlock(): void {
    this.#packets.push({ seq: ++this.#read, label: ++this.#counter & BLOCK_MASK })
  }

  #transmit(now: number): void {
    if (this.#packets.length === 0) this.sendControl(this.oack!)
    for (const { seq, label } of this.#packets) this.sendAs(seq, label)
    this.setTimer(Math.min(now + this.#repeatMs, this.#connectionUntil))
  }
}
