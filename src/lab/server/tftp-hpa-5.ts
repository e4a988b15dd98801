/**
 * tftp-hpa 5.2: lock-step. A block is sent up to six times, after 1 s and twice as long each time (or the client's own
 * `timeout` to begin with). A wrong ACK is ignored and what waits behind it in the socket is thrown away.
 */
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import type { ServeSetup, ForeignModel } from './model.ts'
import { acceptOptions } from './options.ts'

const FIRST_WAIT_MS = 1000
const TRIES = 6

export function tftpHpa5(): ForeignModel {
  return {
    type: 'tftp-hpa-5.2',
    summary: 'lock-step; 1 s doubling, 6 tries; drains after a wrong ACK',
    requests: 'beside',
    serve(request, setup: ServeSetup): ModelTransfer {
      const accepted = acceptOptions(request, setup.sizeBytes, { knows: ['blksize', 'timeout', 'tsize'] })
      const waitMs = accepted.timeoutMs ?? FIRST_WAIT_MS
      const machine = new TftpHpa5({ ...setup, ...accepted }, waitMs)
      return { machine, blksize: accepted.blksize, rollover: 0 }
    },
  }
}

class TftpHpa5 extends ModelSender {
  readonly #firstWaitMs: number
  #seq: number
  #waitMs: number
  #tries = 1
  #drainedAt = -1

  constructor(setup: TransferSetup, firstWaitMs: number) {
    super(setup)
    this.#firstWaitMs = firstWaitMs
    this.#waitMs = firstWaitMs
    this.#seq = setup.oack === undefined ? 1 : 0
  }

  protected onStart(now: number): void {
    this.#transmit(now)
  }

  protected onAck(now: number, seq: number): void {
    if (now === this.#drainedAt) return
    if (seq !== this.#seq) {
      this.#drainedAt = now
      return
    }
    this.delivered(now, seq)
    if (seq === this.lastSeq) return this.complete()
    this.#seq++
    this.nearest = this.#seq
    this.#waitMs = this.#firstWaitMs
    this.#tries = 1
    this.#transmit(now)
  }

  protected onTimer(now: number): void {
    this.timedOut()
    if (++this.#tries > TRIES) return this.fail(`block ${this.#seq} was not acknowledged`)
    this.#waitMs *= 2
    this.#transmit(now)
  }

  #transmit(now: number): void {
    if (this.#seq === 0) this.sendControl(this.oack!)
    else this.send(this.#seq)
    this.setTimer(now + this.#waitMs)
  }
}
