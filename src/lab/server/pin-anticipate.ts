/**
 * pin/tftp with its "anticipate" option: sends n blocks and then demands their ACKs, each and in exact order; others are
 * passed over. When 5 s are over it pauses for up to a second and sends the whole batch again, five times. The timeout
 * runs from the batch, not from the last ACK. It knows blksize and tsize.
 */
import type { Rng } from '../rng.ts'
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import type { ServeSetup, ForeignModel } from './model.ts'
import { acceptOptions } from './options.ts'

export interface PinAnticipateOptions {
  /** Blocks of a batch. Default 2, the least that it takes. */
  readonly blocks?: number
}

const WAIT_MS = 5000
const RETRIES = 5
const MOST_PAUSE_MS = 1000
/** ACKs that wait in the socket during a pause. */
const MOST_HELD = 64

export function pinAnticipate(options: PinAnticipateOptions = {}): ForeignModel {
  const blocks = Math.max(2, options.blocks ?? 2)
  return {
    type: 'pin-anticipate',
    summary: `batches of ${blocks}, whose ACKs must come in exact order, else the batch again after 5 s`,
    requests: 'beside',
    serve(request, setup: ServeSetup): ModelTransfer {
      const accepted = acceptOptions(request, setup.sizeBytes, { knows: ['blksize', 'tsize'] })
      const machine = new PinAnticipate({ ...setup, ...accepted }, setup.rng, blocks)
      return { machine, blksize: accepted.blksize, rollover: 0 }
    },
  }
}

class PinAnticipate extends ModelSender {
  readonly #rng: Rng
  readonly #blocks: number
  /** First and last block of the batch; 0 and 0 for the OACK. */
  #first: number
  #last: number
  #expected = 0
  #retries = 0
  #pausing = false
  readonly #held: number[] = []

  constructor(setup: TransferSetup, rng: Rng, blocks: number) {
    super(setup)
    this.#rng = rng
    this.#blocks = blocks
    this.#first = setup.oack === undefined ? 1 : 0
    this.#last = this.#first === 0 ? 0 : Math.min(blocks, this.lastSeq)
  }

  protected onStart(now: number): void {
    this.#transmit(now)
  }

  protected onAck(now: number, seq: number): void {
    if (!this.#pausing) this.#take(now, seq)
    else if (this.#held.length < MOST_HELD) this.#held.push(seq)
  }

  protected onTimer(now: number): void {
    if (this.#pausing) {
      this.#pausing = false
      this.#transmit(now)
      for (const seq of this.#held.splice(0)) if (!this.closed) this.#take(now, seq)
      return
    }
    this.timedOut()
    if (this.#retries++ === RETRIES) return this.giveUp(`batch from block ${this.#first} was not acknowledged`)
    this.#pausing = true
    this.setTimer(now + this.#rng.float() * MOST_PAUSE_MS)
  }

  #take(now: number, seq: number): void {
    if (seq !== this.#expected) return
    this.#expected++
    if (seq !== this.#last) return
    this.delivered(now, seq)
    if (seq === this.lastSeq) return this.complete()
    this.#first = this.#last + 1
    this.#last = Math.min(this.#last + this.#blocks, this.lastSeq)
    this.nearest = this.#last
    this.#retries = 0
    this.#transmit(now)
  }

  #transmit(now: number): void {
    this.#expected = this.#first
    if (this.#first === 0) this.sendControl(this.oack!)
    else this.sendWindow(this.#first, this.#last - this.#first + 1)
    this.setTimer(now + WAIT_MS)
  }
}
