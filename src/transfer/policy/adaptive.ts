/**
 * The default: lock-step on the wire, so that a healthy client sees plain RFC 1350, until stalls say otherwise. Then wider
 * windows are tried, each for a few hundred blocks, and kept only if the file got through faster. A window that makes the device
 * lose blocks is tried with its blocks apart, then without. What helped is an object that can be given back at the device's
 * next request.
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
  /** No window is opened, as to a client that refuses blocks ahead. */
  readonly isLockStep?: boolean
}

/** This many stalls within EVIDENCE_BLOCKS open a trial. */
const EVIDENCE_STALLS = 3
/** The blocks within which EVIDENCE_STALLS stalls count together. */
const EVIDENCE_BLOCKS = 500
/** The least length of a trial in blocks; a wide window is tried for TRIAL_WINDOWS windows, because one stall weighs more in it. */
const TRIAL_BLOCKS = 200
const TRIAL_WINDOWS = 25
/** A trial is kept if it was faster by this factor. GROWTH_GAIN is the factor for a window that grows. */
const TRIAL_GAIN = 1.2
const GROWTH_GAIN = 1.08
/** A trial that is faster by this factor after CLEAR_BLOCKS blocks ends early and is kept. */
const CLEAR_GAIN = 1.5
const CLEAR_BLOCKS = 60
/** This many gaps, and more than REPEAT_SHARE of the blocks, take a remembered window back that a stall opened again. */
const DOUBTFUL_GAPS = 3
/** A remembered window that leaves as a whole is waited for this long at least: what a network lets others overtake is late by less. */
const WHOLE_MS = 3
/** Windows in the order in which they are tried, in blocks. */
const LADDER = [1, 2, 4, 8, 16, 32]
const LOCK_STEP = 0
const SMALLEST_WINDOW = 1
/** A trial that has cost the time of this many blocks is broken off, unless fewer than HOPELESS_STALLS stalls may explain it. */
const HOPELESS_BLOCKS = 100
const HOPELESS_STALLS = 5
/** After a failed trial the next one waits for this many blocks, and twice as long after each further failure. */
const RETRY_BLOCKS = 500
/** An open window is judged anew after each run of this many blocks (rule A11). */
const WATCH_BLOCKS = 200
/** An open window is in doubt when more than this share of its blocks had to be sent again (rule A11). */
const REPEAT_SHARE = 1 / 6
/** An open window is in doubt when more than this share of its blocks was missing below an acknowledged one: the device may be unable to take or to send frames back to back. */
const GAP_SHARE = 0.08
/** Pauses that are tried, in round trips: none; half of one, which keeps two blocks evenly apart; and for a device that is slow itself. */
const PAUSES = [0, 0.5, 0.75]
const LONGEST_PAUSE = PAUSES[PAUSES.length - 1]
/** No device needs more, however far it is, milliseconds. */
const MOST_PAUSE_MS = 1
/**
 * With longer round trips than this no window is opened, and one that is open is closed. A lost ACK inside a window can only be
 * read once it is proved that the client counts in order: five proofs of three questions, three round trips each, within
 * 600 ms (rule A1). A healthy client on a slow or crowded way would get stuck over it, where lock-step only waits.
 */
const FAR_RTT_MS = 12
/** Of the average round trip: a single late answer is no reason. */
const RTT_SHARE = 1 / 8
/** Rule A6: the floor of the timeout where stalls are frequent, milliseconds. */
const LOSSY_RTO_MS = 5
/** Rule A6: a healthy device may pause, and some must not be repeated to. */
const UNKNOWN_DEVICE_RTO_MS = 250

/** A window, and the pause between its blocks. */
interface Setting {
  /** Index into the ladder. */
  readonly rung: number
  readonly gapMs: number
}

/** Most transfers never have another: they share it. */
const PLAIN: Setting = { rung: LOCK_STEP, gapMs: 0 }

interface Trial extends Setting {
  /** It is kept if it is faster by this factor; below 1: unless it is slower by more than that. */
  readonly gain: number
  /** It comes from memory, and opens step by step. */
  readonly isProposal?: boolean
}

export function adaptive(options: AdaptiveOptions = {}): WindowPolicy {
  return new Adaptive(options)
}

class Adaptive implements WindowPolicy {
  windowBlocks: number
  copies: number
  gapMs: number
  rtoMinMs: number
  rtoMaxMs = Infinity
  firstRtoMs: number
  wholeMs = 0
  /** What the user set. */
  readonly #leastGapMs: number
  #kept: Setting
  #trial: Trial | undefined
  /** Blocks confirmed since the present measurement began, and when that was. */
  #blocks = 0
  #sinceMs = 0
  /** How long a block took with the setting that is kept. */
  #keptMsPerBlock = Infinity
  /** Blocks confirmed in all, now and when the last stalls ended, the oldest first. */
  #total = 0
  #stalls: number[] | undefined
  /** The count of blocks before which no trial begins. #failures is how many failed in a row. */
  #nextTrialAt = 0
  #failures = 0
  /** The same for doubts about the window that is open. */
  #nextDoubtAt = 0
  #doubts = 0
  #isRefused: boolean
  /** The window comes from memory, and has not carried TRIAL_BLOCKS blocks yet. */
  #isProposal = false
  /** What memory proposes, until it carried TRIAL_BLOCKS blocks or a stall opened it once more. */
  #remembered: Setting | undefined
  /** `wholeMs` while windows leave as a whole. */
  readonly #leastWholeMs: number
  /** Of the blocks that are watched now: new ones, sent again, missing below an acknowledged one. */
  #watched = 0
  #repeats = 0
  #gaps = 0
  /** The average round trip; 0 while unknown. */
  #rttMs = 0
  /** The shortest round trip, and what a stall costs at the least. */
  #minRttMs = Infinity
  #stallMs = RTO_FLOOR_MS

  constructor(options: AdaptiveOptions) {
    const { isLockStep = false, gapMs = 0 } = options
    const learnt = isLockStep ? undefined : options.learnt
    this.#isRefused = isLockStep
    this.#leastGapMs = gapMs
    const widest = learnt?.windowBlocks ?? 1
    const rung = LADDER.findLastIndex((windowBlocks) => windowBlocks <= widest)
    const leastMs = learnt?.gapMs ?? gapMs
    this.#kept = rung === LOCK_STEP && leastMs === 0 ? PLAIN : { rung, gapMs: leastMs }
    this.windowBlocks = 1
    this.gapMs = leastMs
    this.copies = options.copies ?? 1
    this.rtoMinMs = options.rtoMs ?? RTO_FLOOR_MS
    this.firstRtoMs = options.firstRtoMs ?? options.rtoMs ?? UNKNOWN_DEVICE_RTO_MS
    this.#leastWholeMs = options.rtoMs ?? WHOLE_MS
    if (rung === LOCK_STEP) return
    this.#remembered = this.#kept
    this.wholeMs = this.#leastWholeMs
    this.#propose()
  }

  get type(): 'adaptive' {
    return 'adaptive'
  }

  get cumulative(): false {
    return false
  }

  get nudges(): true {
    return true
  }

  /** Undefined while lock-step is all that was needed. */
  learnt(): LearntWindow | undefined {
    const { rung, gapMs } = this.#kept
    return rung === LOCK_STEP ? undefined : { windowBlocks: LADDER[rung], gapMs }
  }

  sent(_now: number, _seq: number, repeat: boolean): void {
    if (repeat) this.#repeats++
    else this.#watched++
    // What was out when the window was taken back is acknowledged.
    if (!repeat && !this.#isProposal) this.wholeMs = 0
  }

  acked(now: number, _seq: number, rttMs: number): void {
    this.#total++
    if (rttMs > 0 && rttMs < this.#minRttMs) this.#measured(rttMs)
    if (rttMs > 0) this.#rttMs = this.#rttMs === 0 ? rttMs : this.#rttMs + (rttMs - this.#rttMs) * RTT_SHARE
    if (this.#blocks++ === 0) this.#sinceMs = now
    if (this.#isProposal) this.#open()
    if (this.#rttMs > FAR_RTT_MS) return this.#stayClose()
    if (this.#trial !== undefined) this.#judge(now, this.#trial)
    else if (!this.#isRefused) {
      const trial = this.#kept.rung === LOCK_STEP ? this.#opening() : (this.#doubt() ?? this.#growth())
      if (trial !== undefined) this.#begin(now, trial)
    }
  }

  gap(): void {
    this.#gaps++
    // A small receive ring loses blocks of every window; an ACK that is lost now and then is what the window is for.
    const isDoubtful = this.#gaps >= DOUBTFUL_GAPS && this.#gaps > this.#blocks * REPEAT_SHARE
    if (this.#remembered !== undefined || isDoubtful) this.timeout()
  }

  #propose(): void {
    this.#isProposal = true
    this.windowBlocks = LADDER[SMALLEST_WINDOW]
  }

  /** A remembered window opens step by step: one that is wrong for this device costs a block or two, not a whole window. */
  #open(): void {
    if (this.#blocks === 1 && this.#remembered !== undefined) this.#fitPause()
    const widest = LADDER[(this.#trial ?? this.#kept).rung]
    // DATA 1 and windows of 2, 4, 8 … blocks are acknowledged.
    if (this.#blocks === 2 * this.windowBlocks - 1) {
      if (this.windowBlocks === widest) this.wholeMs = 0
      this.windowBlocks = Math.min(widest, 2 * this.windowBlocks)
    }
    if (this.#blocks <= TRIAL_BLOCKS) return
    this.#isProposal = false
    this.#remembered = undefined
  }

  /** A pause that was learnt over a longer way would make the window slower than lock-step. */
  #fitPause(): void {
    this.gapMs = Math.max(this.#leastGapMs, Math.min(this.gapMs, LONGEST_PAUSE * this.#minRttMs))
    this.#kept = this.#remembered = { rung: this.#kept.rung, gapMs: this.gapMs }
  }

  /** A remembered window is a proposal: the first block of it that is lost takes it back, until a stall of lock-step opens it once more. */
  timeout(): void {
    if (!this.#isProposal) return
    this.#keep({ rung: LOCK_STEP, gapMs: this.#leastGapMs })
    this.wholeMs = this.#leastWholeMs
  }

  /** Only what we ended counts: a device that paused to write its flash and went on by itself is healthy. */
  recovered(_now: number, _seq: number, by: 'ack' | 'resend' | 'nudge' | 'probe' | 'client'): void {
    // A stall of a window that was just taken back is its own doing.
    if (by === 'client' || by === 'ack' || this.#trial !== undefined || this.wholeMs > 0) return
    this.#stalls ??= []
    this.#stalls.push(this.#total)
    if (this.#stalls.length > EVIDENCE_STALLS) this.#stalls.shift()
    // The first stall waited for long (A6): what a block takes here is measured from its end.
    if (this.#stalls.length === 1 && this.#remembered === undefined) this.#blocks = 0
    if (this.#isEvident()) this.rtoMinMs = Math.min(this.rtoMinMs, LOSSY_RTO_MS)
  }

  /** The client does not want blocks ahead: lock-step for good (rule A10). */
  refused(): void {
    this.#isRefused = true
    this.#keep({ rung: LOCK_STEP, gapMs: this.#leastGapMs })
  }

  #stayClose(): void {
    if (this.#kept.rung === LOCK_STEP && this.#trial === undefined) return
    this.#postpone()
    this.#keep({ rung: LOCK_STEP, gapMs: this.#leastGapMs })
  }

  /** Lock-step that stalls again and again. A window that failed is tried with a pause between its blocks the next time. */
  #opening(): Trial | undefined {
    if (this.#remembered !== undefined && this.#stalls !== undefined) {
      return { ...this.#remembered, gain: TRIAL_GAIN, isProposal: true }
    }
    if (!this.#isEvident() || this.#total < this.#nextTrialAt) return undefined
    return { rung: SMALLEST_WINDOW, gapMs: this.#pauseMs(this.#failures % PAUSES.length), gain: TRIAL_GAIN }
  }

  #isEvident(): boolean {
    const stalls = this.#stalls
    return stalls?.length === EVIDENCE_STALLS && this.#total - stalls[0] <= EVIDENCE_BLOCKS
  }

  /** A window that was opened for good reason may grow without new stalls. */
  #growth(): Trial | undefined {
    const rung = this.#kept.rung + 1
    if (rung >= LADDER.length || this.#total < this.#nextTrialAt || this.#blocks <= TRIAL_BLOCKS) return undefined
    return { rung, gapMs: this.#kept.gapMs, gain: GROWTH_GAIN }
  }

  /** Rule A11: a window whose blocks get lost is tried with a pause between them, and lock-step unless the window is much faster. */
  #doubt(): Trial | undefined {
    if (this.#watched < WATCH_BLOCKS) return undefined
    const isCrowded = this.#repeats > this.#watched * REPEAT_SHARE
    const isGappy = this.#gaps > this.#watched * GAP_SHARE
    this.#watch()
    if (this.#total < this.#nextDoubtAt) return undefined
    const pause = this.#doubts + 1
    if (this.#kept.gapMs === this.#leastGapMs && pause < PAUSES.length && (isCrowded || isGappy)) {
      return { rung: SMALLEST_WINDOW, gapMs: this.#pauseMs(pause), gain: TRIAL_GAIN }
    }
    return isCrowded ? { rung: LOCK_STEP, gapMs: this.#leastGapMs, gain: 1 / TRIAL_GAIN } : undefined
  }

  #measured(minRttMs: number): void {
    this.#minRttMs = minRttMs
    this.#stallMs = Math.max(RTO_FLOOR_MS, 2 * minRttMs)
  }

  #pauseMs(index: number): number {
    const pauseMs = PAUSES[index] === 0 ? 0 : Math.min(MOST_PAUSE_MS, this.#minRttMs * PAUSES[index])
    return Math.max(this.#leastGapMs, pauseMs)
  }

  #begin(now: number, trial: Trial): void {
    this.#keptMsPerBlock = this.#msPerBlock(now)
    this.#trial = trial
    this.#use(trial)
    this.#remembered = undefined
    this.#isProposal = false
    if (trial.isProposal === true) this.#propose()
  }

  #judge(now: number, trial: Trial): void {
    const elapsed = now - this.#sinceMs
    const allowed = Math.max(HOPELESS_BLOCKS * this.#keptMsPerBlock, HOPELESS_STALLS * this.#stallMs)
    const isHopeless = elapsed > this.#blocks * this.#keptMsPerBlock + allowed
    const msPerBlock = this.#msPerBlock(now)
    const isClear = this.#blocks >= CLEAR_BLOCKS && msPerBlock * CLEAR_GAIN <= this.#keptMsPerBlock
    if (this.#blocks <= Math.max(TRIAL_BLOCKS, TRIAL_WINDOWS * this.windowBlocks) && !isHopeless && !isClear) return
    this.#trial = undefined
    this.#isProposal = false
    if (!isHopeless && msPerBlock * trial.gain <= this.#keptMsPerBlock) this.#succeeded(now, trial)
    else this.#failed(trial)
  }

  #succeeded(now: number, trial: Trial): void {
    const msPerBlock = this.#msPerBlock(now)
    if (trial.rung <= this.#kept.rung) this.#doubts = 0
    if (trial.rung === LOCK_STEP) this.#postpone()
    else this.#failures = 0
    this.#keep(trial)
    const wider = this.#kept.rung + 1
    if (this.#kept.rung === LOCK_STEP || wider >= LADDER.length) return
    this.#keptMsPerBlock = msPerBlock
    this.#trial = { rung: wider, gapMs: trial.gapMs, gain: GROWTH_GAIN }
    this.#use(this.#trial)
  }

  #failed(trial: Trial): void {
    if (trial.rung > this.#kept.rung) this.#postpone()
    // Pauses and lock-step are tried one right after the other; the next round waits.
    else if (++this.#doubts >= PAUSES.length) {
      this.#nextDoubtAt = this.#total + RETRY_BLOCKS * 2 ** (this.#doubts - PAUSES.length)
    }
    this.#use(this.#kept)
  }

  #postpone(): void {
    this.#nextTrialAt = this.#total + RETRY_BLOCKS * 2 ** this.#failures++
    this.#stalls = undefined
  }

  #keep(setting: Setting): void {
    this.#kept = setting
    this.#trial = undefined
    this.#isProposal = false
    this.wholeMs = 0
    this.#use(setting)
  }

  #use({ rung, gapMs }: Setting): void {
    this.windowBlocks = LADDER[rung]
    this.gapMs = gapMs
    this.#blocks = 0
    this.#watch()
  }

  /** Begins to count anew. */
  #watch(): void {
    this.#watched = 0
    this.#repeats = 0
    this.#gaps = 0
  }

  #msPerBlock(now: number): number {
    return this.#blocks < 2 ? Infinity : (now - this.#sinceMs) / (this.#blocks - 1)
  }
}
