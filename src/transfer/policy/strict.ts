import type { WindowPolicy } from '../contract.ts'
import { QUIET } from './quiet.ts'

/** Plain RFC 1350: one block, one datagram, and the client's timeout (milliseconds) obeyed to the letter (rule A6). */
export function strict(clientTimeoutMs: number): WindowPolicy {
  return {
    ...QUIET,
    type: 'strict',
    cumulative: false,
    nudges: false,
    windowBlocks: 1,
    copies: 1,
    gapMs: 0,
    rtoMinMs: clientTimeoutMs,
    rtoMaxMs: clientTimeoutMs,
    firstRtoMs: clientTimeoutMs,
  }
}
