import type { WindowPolicy } from '../contract.ts'
import { RTO_FLOOR_MS } from '../rto.ts'
import { QUIET } from './quiet.ts'

export interface AnticipationOptions {
  /** Blocks that may be outstanding though the client never asked for a window; 1 is lock-step with rules A6 to A9. */
  readonly windowBlocks: number
  /** Datagrams per DATA block; 1 by default. */
  readonly copies?: number
  /** Milliseconds between two datagrams; 0 by default. */
  readonly gapMs?: number
  /** The retransmission timeout to begin with, milliseconds; found out by measurement when left out. */
  readonly rtoMs?: number
}

/** Rule A6: a healthy device may pause to write its flash, and some must not be repeated to (A13). */
const UNKNOWN_DEVICE_RTO_MS = 250

/** Rule A11: this many blocks are judged together. */
const TRIAL_BLOCKS = 200
/** Rule A11: more than this share of repeats among TRIAL_BLOCKS blocks closes the window. */
const TRIAL_REPEAT_SHARE = 1 / 6

/** Anticipation: a fixed window that the client did not negotiate, acknowledged block by block (rules A1 to A14). */
export function anticipation(options: AnticipationOptions): WindowPolicy {
  let blocks = 0
  let repeats = 0
  return {
    ...QUIET,
    type: 'anticipation',
    cumulative: false,
    nudges: true,
    windowBlocks: options.windowBlocks,
    copies: options.copies ?? 1,
    gapMs: options.gapMs ?? 0,
    rtoMinMs: options.rtoMs ?? RTO_FLOOR_MS,
    rtoMaxMs: Infinity,
    firstRtoMs: options.rtoMs ?? UNKNOWN_DEVICE_RTO_MS,
    sent(_now: number, _seq: number, repeat: boolean): void {
      if (this.windowBlocks === 1) return
      if (repeat) repeats++
      else blocks++
      if (blocks < TRIAL_BLOCKS) return
      if (repeats > blocks * TRIAL_REPEAT_SHARE) this.windowBlocks = 1
      blocks = 0
      repeats = 0
    },
    refused(): void {
      this.windowBlocks = 1
    },
  }
}

/** Tftpd64's meaning of its "anticipation window": 1 + floor(bytes / blksize) blocks. */
export function anticipationBlocks(windowBytes: number, blksize: number): number {
  return 1 + Math.floor(windowBytes / blksize)
}
