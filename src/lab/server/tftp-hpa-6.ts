/**
 * tftp-hpa 6.0: whole windows. Only the ACK of a window's last block brings the next one; any other is ignored (and what
 * waits behind it thrown away), and the window goes out again after 1, 2, 4 s. Without `windowsize` that is lock-step.
 */
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import type { ServeSetup, ForeignModel } from './model.ts'
import { acceptOptions } from './options.ts'

const FIRST_WAIT_MS = 1000
const TRIES = 6

export function tftpHpa6(): ForeignModel {
  return {
    type: 'tftp-hpa-6.0',
    summary: 'whole windows; only the ACK of the last block advances, else the window again after 1, 2, 4 s',
    requests: 'beside',
    serve(request, setup: ServeSetup): ModelTransfer {
      const accepted = acceptOptions(request, setup.sizeBytes, { knows: ['blksize', 'timeout', 'tsize', 'windowsize'] })
      const machine = new TftpHpa6({ ...setup, ...accepted }, accepted.windowsize, accepted.timeoutMs ?? FIRST_WAIT_MS)
      return { machine, blksize: accepted.blksize, rollover: 0 }
    },
  }
}

class TftpHpa6 extends ModelSender {
  readonly #windowsize: number
  readonly #firstWaitMs: number
  /** The first and last block of the window that is out; 0 and 0 for the OACK. */
  #first: number
  #last: number
  #waitMs: number
  #tries = 1
  #drainedAt = -1

  constructor(setup: TransferSetup, windowsize: number, firstWaitMs: number) {
    super(setup)
    this.#windowsize = windowsize
    this.#firstWaitMs = firstWaitMs
    this.#waitMs = firstWaitMs
    this.#first = setup.oack === undefined ? 1 : 0
    this.#last = this.#first === 0 ? 0 : Math.min(windowsize, this.lastSeq)
  }

  protected onStart(now: number): void {
    this.#transmit(now)
  }

  protected onAck(now: number, seq: number): void {
    if (now === this.#drainedAt) return
    if (seq !== this.#last) {
      this.#drainedAt = now
      return
    }
    this.delivered(now, seq)
    if (seq === this.lastSeq) return this.complete()
    this.#first = seq + 1
    this.#last = Math.min(seq + this.#windowsize, this.lastSeq)
    this.nearest = this.#last
    this.#waitMs = this.#firstWaitMs
    this.#tries = 1
    this.#transmit(now)
  }

  protected onTimer(now: number): void {
    this.timedOut()
    if (++this.#tries > TRIES) return this.fail(`the window up to block ${this.#last} was not acknowledged`)
    this.#waitMs *= 2
    this.#transmit(now)
  }

  #transmit(now: number): void {
    if (this.#last === 0) this.sendControl(this.oack!)
    else this.sendWindow(this.#first, this.#last - this.#first + 1)
    this.setTimer(now + this.#waitMs)
  }
}
