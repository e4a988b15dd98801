import type { WindowPolicy } from '../contract.ts'
import { RTO_FLOOR_MS } from '../rto.ts'
import { QUIET } from './quiet.ts'

/** Rule A6: a healthy client may be interrupted, or pause to write its flash, while a whole window waits in its receive ring. */
const UNKNOWN_WINDOW_RTO_MS = 200

export interface NegotiatedOptions {
  /** The windowsize of the OACK (RFC 7440 §3), in blocks. */
  readonly windowBlocks: number
  readonly copies?: number
  readonly gapMs?: number
  /** The least retransmission timeout in milliseconds; 10 by default. */
  readonly rtoMs?: number
}

/** A window that the client asked for: cumulative acknowledgements, rules N1 to N4. */
export function negotiated(options: NegotiatedOptions): WindowPolicy {
  return {
    ...QUIET,
    type: 'negotiated',
    cumulative: true,
    nudges: true,
    windowBlocks: options.windowBlocks,
    copies: options.copies ?? 1,
    gapMs: options.gapMs ?? 0,
    rtoMinMs: options.rtoMs ?? RTO_FLOOR_MS,
    rtoMaxMs: Infinity,
    firstRtoMs: options.rtoMs ?? UNKNOWN_WINDOW_RTO_MS,
  }
}
