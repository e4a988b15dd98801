/**
 * rs-tftpd. It reads all ACKs that wait and takes the last as cumulative; what that one does not confirm leaves again,
 * with new blocks up to a window. A repeated ACK is ignored. 5 s (or the client's `timeout`), and six timeouts in the
 * whole transfer are one too few. It can send every packet several times, 1 ms apart.
 */
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import type { ServeSetup, ForeignModel } from './model.ts'
import { acceptOptions } from './options.ts'

export interface RsTftpdOptions {
  /** Each packet leaves this many times. Default 1. */
  readonly copies?: number
}

const WAIT_MS = 5000
const MOST_TIMEOUTS = 6
const COPY_GAP_MS = 1

export function rsTftpd(options: RsTftpdOptions = {}): ForeignModel {
  const copies = options.copies ?? 1
  return {
    type: 'rs-tftpd',
    summary: `the last of the pending ACKs is cumulative; 5 s; 6 timeouts in all${copies > 1 ? `; every packet ${copies} times, 1 ms apart` : ''}`,
    requests: 'beside',
    serve(request, setup: ServeSetup): ModelTransfer {
      const accepted = acceptOptions(request, setup.sizeBytes, { knows: ['blksize', 'timeout', 'tsize', 'windowsize'] })
      const timing = { windowsize: accepted.windowsize, waitMs: accepted.timeoutMs ?? WAIT_MS, copies }
      return { machine: new RsTftpd({ ...setup, ...accepted }, timing), blksize: accepted.blksize, rollover: 0 }
    },
  }
}

interface Timing {
  readonly windowsize: number
  readonly waitMs: number
  readonly copies: number
}

class RsTftpd extends ModelSender {
  readonly #timing: Timing
  /** Everything up to here is confirmed; -1 while the OACK is not. */
  #acked: number
  /** What leaves next: a block, and how many copies of it are left. */
  #next = 1
  #copiesLeft: number
  #nextAt = 0
  /** The latest ACK that is not looked at yet. */
  #pending = -1
  #timeoutAt = Infinity
  #timeouts = 0

  constructor(setup: TransferSetup, timing: Timing) {
    super(setup)
    this.#timing = timing
    this.#copiesLeft = timing.copies
    this.#acked = setup.oack === undefined ? 0 : -1
  }

  protected onStart(now: number): void {
    if (this.#acked < 0) {
      // It waits for the answer to the OACK once, and never repeats it.
      this.sendControl(this.oack!)
      this.#timeoutAt = now + this.#timing.waitMs
      return this.setTimer(this.#timeoutAt)
    }
    this.#transmit(now)
  }

  protected onAck(now: number, seq: number): void {
    if (this.#acked < 0) {
      if (seq !== 0) return this.giveUp('invalid oack response')
      this.#acked = 0
      return this.#transmit(now)
    }
    this.#pending = seq
    // All that arrived with it comes first; between two copies it does not look at its socket.
    if (!this.#betweenCopies) this.setTimer(now)
  }

  protected onTimer(now: number): void {
    if (this.#acked < 0) return this.fail('the OACK was not answered')
    if (this.#pending >= 0 && !this.#betweenCopies) this.#takeAck(now)
    if (this.closed) return
    if (now >= this.#timeoutAt) {
      this.timedOut()
      if (this.#timeouts++ === MOST_TIMEOUTS) return this.fail(`${MOST_TIMEOUTS} timeouts in this transfer`)
      this.#rewind(now)
    }
    this.#transmit(now)
  }

  get #betweenCopies(): boolean {
    return this.#copiesLeft < this.#timing.copies
  }

  get #windowEnd(): number {
    return Math.min(this.#acked + this.#timing.windowsize, this.lastSeq)
  }

  #takeAck(now: number): void {
    const seq = this.#pending
    this.#pending = -1
    if (seq <= this.#acked || seq > this.#acked + this.#timing.windowsize) return
    this.#acked = seq
    this.nearest = seq + 1
    this.delivered(now, seq)
    if (seq >= this.lastSeq) this.complete()
    else this.#rewind(now)
  }

  #rewind(now: number): void {
    this.#next = this.#acked + 1
    this.#copiesLeft = this.#timing.copies
    this.#nextAt = now
    this.#timeoutAt = Infinity
  }

  /** Sends what may leave now. Between the copies of a packet it sleeps. */
  #transmit(now: number): void {
    while (this.#next <= this.#windowEnd && this.#nextAt <= now) {
      this.send(this.#next)
      if (--this.#copiesLeft > 0) this.#nextAt = now + COPY_GAP_MS
      else {
        this.#next++
        this.#copiesLeft = this.#timing.copies
        this.#timeoutAt = now + this.#timing.waitMs
        // An ACK that came while it slept is looked at before the next packet.
        if (this.#pending >= 0) this.#takeAck(now)
        if (this.closed) return
      }
    }
    this.setTimer(this.#next <= this.#windowEnd ? this.#nextAt : this.#timeoutAt)
  }
}
