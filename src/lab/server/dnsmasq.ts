/**
 * dnsmasq. Lock-step; waits of 2, 2, 3, 3, 5, 5 and 9 s by a clock of whole seconds, then it gives up. A missing last ACK
 * counts as success. It knows blksize and tsize; `timeout` is ignored.
 */
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import type { ServeSetup, ForeignModel } from './model.ts'
import { acceptOptions } from './options.ts'

const WAITS_MS = [2000, 2000, 3000, 3000, 5000, 5000, 9000]
const CLOCK_MS = 1000

export function dnsmasq(): ForeignModel {
  return {
    type: 'dnsmasq',
    summary: 'lock-step; exponential backoff from 2 s in whole seconds',
    requests: 'beside',
    serve(request, setup: ServeSetup): ModelTransfer {
      const accepted = acceptOptions(request, setup.sizeBytes, { knows: ['blksize', 'tsize'] })
      // Where the clock's second begins is chance.
      const machine = new Dnsmasq({ ...setup, ...accepted }, setup.rng.float() * CLOCK_MS)
      return { machine, blksize: accepted.blksize, rollover: 0 }
    },
  }
}

class Dnsmasq extends ModelSender {
  readonly #clockOffsetMs: number
  #seq: number
  #tries = 0

  constructor(setup: TransferSetup, clockOffsetMs: number) {
    super(setup)
    this.#clockOffsetMs = clockOffsetMs
    this.#seq = setup.oack === undefined ? 1 : 0
  }

  protected onStart(now: number): void {
    this.#transmit(now)
  }

  protected onAck(now: number, seq: number): void {
    if (seq !== this.#seq) return
    this.delivered(now, seq)
    if (seq === this.lastSeq) return this.complete()
    this.#seq++
    this.nearest = this.#seq
    this.#tries = 0
    this.#transmit(now)
  }

  protected onTimer(now: number): void {
    this.timedOut()
    if (this.#tries < WAITS_MS.length) this.#transmit(now)
    else if (this.#seq === this.lastSeq) this.complete()
    else this.fail(`block ${this.#seq} was not acknowledged`)
  }

  #transmit(now: number): void {
    if (this.#seq === 0) this.sendControl(this.oack!)
    else this.send(this.#seq)
    const second = Math.floor((now + this.#clockOffsetMs) / CLOCK_MS) * CLOCK_MS - this.#clockOffsetMs
    this.setTimer(second + WAITS_MS[this.#tries++]!)
  }
}
