/**
 * Tftpd64 (Tftpd32). Its "anticipation window" of some bytes is 1 + floor(bytes / blksize) blocks, whatever the client
 * asked. Only the ACK of the lowest block that is out slides it; any other packet is ignored but starts the wait again.
 * It waits (T+3)/4, (T+1)/2, T whole seconds. A timeout sends the window again, and until the right ACK comes, every
 * packet that comes does so too. Six timeouts, or 50 blocks sent without progress, end it. The OACK is sent once. Once
 * the final block has left it waits for one more packet or timeout, whichever it is, and reports success.
 */
import type { Rng } from '../rng.ts'
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import type { ServeSetup, ForeignModel } from './model.ts'
import { acceptOptions } from './options.ts'

export interface Tftpd64Options {
  /** The setting "anticipation window"; 0 is off, which is lock-step. Default 0. */
  readonly windowBytes?: number
  /**
   * Windows counts in ticks of 1/64 s, so a wait ends early by up to one of them: uniformly 0 to this many milliseconds.
   * Default 15.625. With 0 the server's timer meets the client's and loses.
   */
  readonly earlyMs?: number
}

/** The setting "Timeout", in seconds, when the client asks for none. */
const DEFAULT_TIMEOUT_S = 3
const MOST_TIMEOUTS = 6
const MOST_SENDS = 50
const TICK_MS = 1000 / 64
const MAX_BLKSIZE = 16384

export function tftpd64(options: Tftpd64Options = {}): ForeignModel {
  const windowBytes = options.windowBytes ?? 0
  const earlyMs = options.earlyMs ?? TICK_MS
  return {
    type: 'tftpd64',
    summary:
      windowBytes === 0
        ? 'lock-step; waits whole seconds'
        : `anticipation window of ${windowBytes} bytes; only the lowest ACK slides; waits whole seconds`,
    requests: 'beside',
    serve(request, setup: ServeSetup): ModelTransfer {
      const accepted = acceptOptions(request, setup.sizeBytes, {
        knows: ['blksize', 'timeout', 'tsize'],
        maxBlksize: MAX_BLKSIZE,
      })
      const machine = new Tftpd64({ ...setup, ...accepted }, setup.rng, {
        windowBlocks: 1 + Math.floor(windowBytes / accepted.blksize),
        timeoutS: accepted.timeoutMs === undefined ? DEFAULT_TIMEOUT_S : accepted.timeoutMs / 1000,
        earlyMs,
      })
      return { machine, blksize: accepted.blksize, rollover: 0 }
    },
  }
}

interface Timing {
  readonly windowBlocks: number
  readonly timeoutS: number
  readonly earlyMs: number
}

class Tftpd64 extends ModelSender {
  readonly #timing: Timing
  readonly #rng: Rng
  /** Lowest block that is not acknowledged; 0 while the OACK is. */
  #base: number
  #nextToSend = 1
  #pendingTimeouts = 0
  #sends = 0

  constructor(setup: TransferSetup, rng: Rng, timing: Timing) {
    super(setup)
    this.#rng = rng
    this.#timing = timing
    this.#base = setup.oack === undefined ? 1 : 0
  }

  protected onStart(now: number): void {
    if (this.#base === 0) this.sendControl(this.oack!)
    this.#round(now)
  }

  protected onAck(now: number, seq: number): void {
    if (seq === this.#base) {
      this.delivered(now, seq)
      this.#pendingTimeouts = 0
      this.#sends = 0
      this.#base++
      this.nearest = this.#base
    }
    this.#goOn(now)
  }

  protected override onOther(now: number): void {
    this.#goOn(now)
  }

  protected onTimer(now: number): void {
    this.timedOut()
    this.#pendingTimeouts++
    this.#goOn(now)
  }

  #goOn(now: number): void {
    const allSent = this.#nextToSend > this.lastSeq
    if (this.#sends >= MOST_SENDS) return this.giveUp(`block ${this.#base} was sent ${this.#sends} times`)
    if (allSent) return this.complete()
    if (this.#pendingTimeouts >= MOST_TIMEOUTS) return this.giveUp(`block ${this.#base} was not acknowledged`)
    this.#round(now)
  }

  /** Sends what the window allows, all of it again while a timeout is pending, and waits. */
  #round(now: number): void {
    if (this.#pendingTimeouts > 0) this.#nextToSend = Math.max(1, this.#base)
    const end = Math.min(this.#base + this.#timing.windowBlocks - 1, this.lastSeq)
    if (this.#base > 0) {
      for (; this.#nextToSend <= end; this.#nextToSend++) {
        this.send(this.#nextToSend)
        this.#sends++
      }
    }
    this.setTimer(now + this.#waitMs())
  }

  #waitMs(): number {
    const t = this.#timing.timeoutS
    const seconds =
      this.#pendingTimeouts === 0 ? Math.floor((t + 3) / 4) : this.#pendingTimeouts === 1 ? Math.floor((t + 1) / 2) : t
    return seconds * 1000 - this.#rng.float() * this.#timing.earlyMs
  }
}
