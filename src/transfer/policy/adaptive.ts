/**
 * The default: lock-step on the wire, so that a healthy client sees plain RFC 1350, until stalls say otherwise. Then wider
 * windows are tried, each for a few hundred blocks, and kept only if the file got through faster. What helped is an object
 * that can be given back at the device's next request.
 */
import type { LearntWindow, WindowPolicy } from '../contract.ts'
import { RTO_FLOOR_MS } from '../rto.ts'

export interface AdaptiveOptions {
  /** What served this device well before. */
  readonly learnt?: LearntWindow | undefined
  /** The first timeout of an unknown device waits this long (rule A6). */
  readonly firstRtoMs?: number
  /** As of the other policies; a gap that was learnt wins. */
  readonly copies?: number
  readonly gapMs?: number
  /** The retransmission timeout to begin with, milliseconds; found out by measurement when left out. */
  readonly rtoMs?: number
}

/** That many stalls … */
const EVIDENCE_STALLS = 3
/** … within so many blocks open a trial. */
const EVIDENCE_BLOCKS = 500
/** A trial lasts so many blocks, a wide one longer, because one stall weighs more in it … */
const TRIAL_BLOCKS = 200
const TRIAL_WINDOWS = 25
/** … and is kept if it was faster by this factor; a window that is open already may grow for less. */
const TRIAL_GAIN = 1.2
const GROWTH_GAIN = 1.08
/** A trial that is this much faster after so many blocks needs no more of them. */
const CLEAR_GAIN = 1.5
const CLEAR_BLOCKS = 60
/** Windows in the order in which they are tried, in blocks. */
const LADDER = [1, 2, 4, 8, 16, 32]
/** A trial that takes so many times as long as the same blocks took before is broken off. */
const HOPELESS = 2
/** After a failed trial the next one waits for so many blocks, and longer each time. */
const RETRY_BLOCKS = 500
/** So many gaps for each block, and the device may lose ACKs that it has to send back to back: then a gap between blocks is tried. */
const GAPPY = 0.08
/** Longer than a transmitter that cannot send twice in a row needs, milliseconds. */
const GAP_MS = 0.1
/** Rule A6: a healthy device may pause, and some must not be repeated to. */
const UNKNOWN_DEVICE_RTO_MS = 250

export function adaptive(options: AdaptiveOptions = {}): WindowPolicy {
  return new Adaptive(options)
}

class Adaptive implements WindowPolicy {
  readonly type = 'adaptive'
  readonly cumulative = false
  readonly nudges = true
  windowBlocks: number
  copies: number
  gapMs: number
  rtoMinMs: number
  rtoMaxMs = Number.POSITIVE_INFINITY
  firstRtoMs: number
  /** Rungs of the ladder: the one that is known to be good, and the one that is tried, which may be the same. */
  #kept: number
  #tried: number
  /** Blocks confirmed since the present measurement began, and when that was. */
  #blocks = 0
  #sinceMs = 0
  /** How long a block took on the kept rung. */
  #keptMsPerBlock = Number.POSITIVE_INFINITY
  /** Blocks confirmed in all, now and when the last stalls ended, the oldest first. */
  #total = 0
  readonly #stalls: number[] = []
  #nextTrialAt = 0
  #failedTrials = 0
  #isRefused = false
  /** Blocks that were missing below an acknowledged one since the present measurement began. */
  #gaps = 0
  #triesGap = false
  #gapTried = false

  constructor(options: AdaptiveOptions) {
    this.windowBlocks = options.learnt?.windowBlocks ?? 1
    this.copies = options.copies ?? 1
    this.gapMs = options.learnt?.gapMs ?? options.gapMs ?? 0
    this.rtoMinMs = options.rtoMs ?? RTO_FLOOR_MS
    this.firstRtoMs = options.firstRtoMs ?? options.rtoMs ?? UNKNOWN_DEVICE_RTO_MS
    this.#kept = Math.max(0, LADDER.indexOf(this.windowBlocks))
    this.#tried = this.#kept
  }

  /** Undefined while lock-step is all that was needed. */
  learnt(): LearntWindow | undefined {
    const windowBlocks = LADDER[this.#kept]
    return windowBlocks === 1 ? undefined : { windowBlocks, gapMs: this.gapMs }
  }

  sent(): void {}

  acked(now: number): void {
    this.#total++
    if (this.#blocks++ === 0) this.#sinceMs = now
    if (this.#isTrying) this.#judge(now)
    else if (this.#mayTryGap()) {
      this.#keptMsPerBlock = this.#msPerBlock(now)
      this.#triesGap = true
      this.gapMs = GAP_MS
      this.#use(this.#kept)
    } else if (this.#mayTry()) {
      this.#keptMsPerBlock = this.#msPerBlock(now)
      this.#use(this.#kept + 1)
    }
  }

  gap(): void {
    this.#gaps++
  }

  timeout(): void {}

  /** Only what we ended counts: a device that paused to write its flash and went on by itself is healthy. */
  recovered(_now: number, _seq: number, by: 'ack' | 'resend' | 'nudge' | 'probe' | 'client'): void {
    if (by === 'client' || by === 'ack' || this.#isTrying) return
    this.#stalls.push(this.#total)
    if (this.#stalls.length > EVIDENCE_STALLS) this.#stalls.shift()
    // The first stall waited for long (A6): what a block takes here is measured from its end.
    if (this.#stalls.length === 1) this.#blocks = 0
  }

  /** The client does not want blocks ahead: lock-step for good (rule A10). */
  refused(): void {
    this.#isRefused = true
    this.#kept = 0
    this.#use(0)
  }

  get #isTrying(): boolean {
    return this.#triesGap || this.#tried > this.#kept
  }

  /** Once, for a window whose ACKs get lost far more often than single ones did. */
  #mayTryGap(): boolean {
    if (this.#isRefused || this.#gapTried || this.gapMs > 0 || this.windowBlocks === 1) return false
    return this.#blocks > TRIAL_BLOCKS && this.#gaps > GAPPY * this.#blocks
  }

  #mayTry(): boolean {
    if (this.#isRefused || this.#kept + 1 >= LADDER.length || this.#total < this.#nextTrialAt) return false
    // A window that was opened for good reason may grow without new stalls.
    if (this.#kept > 0) return this.#blocks > TRIAL_BLOCKS
    return this.#stalls.length === EVIDENCE_STALLS && this.#total - this.#stalls[0] <= EVIDENCE_BLOCKS
  }

  #judge(now: number): void {
    const blocks = Math.max(TRIAL_BLOCKS, TRIAL_WINDOWS * this.windowBlocks)
    const msPerBlock = this.#msPerBlock(now)
    const hopeless = now - this.#sinceMs > HOPELESS * blocks * this.#keptMsPerBlock
    const clear = this.#blocks >= CLEAR_BLOCKS && msPerBlock * CLEAR_GAIN <= this.#keptMsPerBlock
    if (this.#blocks <= blocks && !hopeless && !clear) return
    const gain = this.#kept === 0 || this.#triesGap ? TRIAL_GAIN : GROWTH_GAIN
    const isBetter = !hopeless && msPerBlock * gain <= this.#keptMsPerBlock
    if (this.#triesGap) {
      this.#triesGap = false
      this.#gapTried = true
      if (!isBetter) this.gapMs = 0
      this.#use(this.#kept)
      return
    }
    if (isBetter) {
      this.#kept = this.#tried
      this.#keptMsPerBlock = msPerBlock
      this.#failedTrials = 0
      this.#use(Math.min(this.#kept + 1, LADDER.length - 1))
      return
    }
    this.#failedTrials++
    this.#nextTrialAt = this.#total + RETRY_BLOCKS * this.#failedTrials
    this.#stalls.length = 0
    this.#use(this.#kept)
  }

  #use(rung: number): void {
    this.#tried = rung
    this.windowBlocks = LADDER[rung]
    this.#blocks = 0
    this.#gaps = 0
  }

  #msPerBlock(now: number): number {
    return this.#blocks < 2 ? Number.POSITIVE_INFINITY : (now - this.#sinceMs) / (this.#blocks - 1)
  }
}
