/**
 * atftpd 0.8. Without a window it is lock-step, and a repeated ACK brings the block after it again, unless it came as
 * often as the block before was sent (or `--prevent-sas` is on, which ignores what is older than the last ACK). With a
 * window it goes back to any ACK that is not older than the last, and slows down: each incomplete window puts 10 us more
 * between two packets, each complete one 1 us less. Timeouts are whole seconds, 5 unless asked; the sixth in a row ends it.
 */
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import type { ServeSetup, ForeignModel } from './model.ts'
import { acceptOptions } from './options.ts'

export interface AtftpdOptions {
  /** `--prevent-sas`. Default false. */
  readonly preventSas?: boolean
}

const WAIT_MS = 5000
const RETRIES = 5
const SLOWER_MS = 0.01
const FASTER_MS = 0.001

export function atftpd(options: AtftpdOptions = {}): ForeignModel {
  const preventSas = options.preventSas ?? false
  return {
    type: 'atftpd-0.8',
    summary: `lock-step${preventSas ? '' : ' that resends on a repeated ACK'}; go-back-N windows with a growing gap; 5 s`,
    requests: 'beside',
    serve(request, setup: ServeSetup): ModelTransfer {
      const accepted = acceptOptions(request, setup.sizeBytes, { knows: ['blksize', 'timeout', 'tsize', 'windowsize'] })
      const transfer = { ...setup, ...accepted }
      const waitMs = accepted.timeoutMs ?? WAIT_MS
      const machine =
        accepted.windowNegotiated || preventSas
          ? new AtftpdWindow(transfer, waitMs, accepted.windowsize)
          : new AtftpdLockstep(transfer, waitMs)
      return { machine, blksize: accepted.blksize, rollover: 0 }
    },
  }
}

class AtftpdLockstep extends ModelSender {
  readonly #waitMs: number
  /** The last block that was acknowledged; -1 before any ACK. */
  #acked = -1
  #timeouts = 0
  #ackCount = 0
  /** How often the block that is acknowledged and the one that is out were sent. Timeouts do not count: a mistake of its. */
  #sentBefore = 0
  #sentNow = 0

  constructor(setup: TransferSetup, waitMs: number) {
    super(setup)
    this.#waitMs = waitMs
  }

  protected onStart(now: number): void {
    this.#transmit(now)
  }

  protected onAck(now: number, seq: number): void {
    this.#timeouts = 0
    this.setTimer(now + this.#waitMs)
    if (seq < this.#acked) return
    if (seq === this.#acked) {
      if (++this.#ackCount === this.#sentBefore) return
    } else {
      this.#acked = seq
      this.nearest = seq + 1
      this.delivered(now, seq)
      this.#sentBefore = this.#sentNow
      this.#sentNow = 0
      this.#ackCount = 1
    }
    if (seq >= this.lastSeq) return this.complete()
    this.#sentNow++
    this.#transmit(now)
  }

  protected onTimer(now: number): void {
    this.timedOut()
    if (++this.#timeouts > RETRIES) return this.fail('the client does not respond')
    this.#transmit(now)
  }

  #transmit(now: number): void {
    if (this.#acked < 0 && this.oack !== undefined) this.sendControl(this.oack)
    else this.send(Math.max(0, this.#acked) + 1)
    this.setTimer(now + this.#waitMs)
  }
}

class AtftpdWindow extends ModelSender {
  readonly #waitMs: number
  readonly #windowsize: number
  #acked = -1
  /** Blocks of this window that have left, and the one to come. */
  #sentInWindow = 0
  #next = 1
  #acksInWindow = 0
  #delayMs = 0
  #timeouts = 0

  constructor(setup: TransferSetup, waitMs: number, windowsize: number) {
    super(setup)
    this.#waitMs = waitMs
    this.#windowsize = windowsize
  }

  protected onStart(now: number): void {
    this.#begin(now)
  }

  protected onAck(now: number, seq: number): void {
    if (this.#inWindow) this.#acksInWindow++
    else this.#endOfWindow()
    this.#timeouts = 0
    // One ACK inside a window is heard, more are not.
    if (seq < this.#acked || this.#acksInWindow > 1) return this.#goOn(now)
    const complete = this.#acked < 0 || seq === this.#acked + this.#windowsize || this.#next > this.lastSeq
    if (!complete && this.#delayMs < this.#waitMs / this.#windowsize) this.#delayMs += SLOWER_MS
    this.#acked = seq
    this.nearest = seq + 1
    this.delivered(now, seq)
    if (seq >= this.lastSeq) return this.complete()
    this.#rewind()
    this.#goOn(now)
  }

  protected onTimer(now: number): void {
    if (this.#inWindow) return this.#goOn(now)
    this.#endOfWindow()
    this.timedOut()
    if (++this.#timeouts > RETRIES) return this.fail('the client does not respond')
    this.#begin(now)
  }

  /** It looks for an ACK between two packets of a window, and waits for one at its end, at the file's and at first. */
  get #inWindow(): boolean {
    return this.#acked >= 0 && this.#sentInWindow < this.#windowsize && this.#next <= this.lastSeq
  }

  #begin(now: number): void {
    if (this.#acked < 0 && this.oack !== undefined) {
      this.sendControl(this.oack)
      return this.setTimer(now + this.#waitMs)
    }
    this.#rewind()
    this.send(this.#next++)
    this.#sentInWindow++
    this.#schedule(now)
  }

  #rewind(): void {
    this.#next = Math.max(0, this.#acked) + 1
    this.#sentInWindow = 0
  }

  #endOfWindow(): void {
    if (this.#acksInWindow === 0) this.#delayMs = Math.max(0, this.#delayMs - FASTER_MS)
    this.#acksInWindow = 0
  }

  #goOn(now: number): void {
    if (this.#delayMs > 0) {
      if (this.#inWindow) {
        this.send(this.#next++)
        this.#sentInWindow++
      }
    } else {
      while (this.#inWindow) {
        this.send(this.#next++)
        this.#sentInWindow++
      }
    }
    this.#schedule(now)
  }

  #schedule(now: number): void {
    this.setTimer(this.#inWindow ? now + this.#delayMs : now + this.#waitMs)
  }
}
