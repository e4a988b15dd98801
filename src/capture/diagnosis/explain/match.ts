/** Which packet of the capture is the one that a client sends in a story. */
import type { Branch } from './branch.ts'
import type { Terms } from './client.ts'
import type { Script } from './script.ts'

/** Packets of the client that are explained ahead of their turn: no server sends further ahead. Each packet copies and compares them. */
export const MOST_AHEAD = 256
/** A late packet arrives within this. */
export const LATE_MS = 8
/** Packets of the client that say the same, of which the one in time is looked for. */
const MOST_ALIKE = 64
/** The final block may be short, and a slow link carries it the sooner. */
const FINAL_SHARE = 0.1

/**
 * The first packet of the client that says `what`, in time, and is not explained yet; -1 for none. `at`: the position that is being read. `ms`: when the
 * client says it. It may come later than usual by `moreMs`.
 */
export function firstMatch(
  script: Script,
  { final }: Pick<Terms, 'final'>,
  branch: Branch,
  at: number,
  what: number,
  ms: number,
  moreMs: number,
): number {
  const { ms: times, seq, fromClient, leastMs, latestMs, saying, newsBehind, length, freeMs } = script
  const { explained, passed } = branch
  if (explained.length >= MOST_AHEAD) return -1
  // It is the packet that is being read.
  if (fromClient[at] === 1 && ms === times[at])
    return seq[at] === what && !explained.includes(at) ? at : matchTogether(script, branch, at, what, ms)
  const fromMs = ms + (what === final ? FINAL_SHARE * leastMs : leastMs)
  const toMs = freeMs(passed, at, ms) + latestMs(at) + moreMs
  // Packets arrive in the order in which they left, but for those that are late.
  const isLate = moreMs === LATE_MS
  const last = isLate ? at : Math.max(at, passed)
  const end = isLate ? length : newsBehind[at]
  for (const one of saying(what, last, MOST_ALIKE)) {
    if (times[one] > toMs || one >= end) break
    if (times[one] >= fromMs && !explained.includes(one)) return one
  }
  return -1
}

/** Another packet that left together with the one that is being read. */
function matchTogether(
  { ms: times, mostMs, saying }: Script,
  { explained }: Branch,
  at: number,
  what: number,
  ms: number,
): number {
  for (const one of saying(what, at, MOST_ALIKE)) {
    if (times[one] > ms + mostMs) break
    if (!explained.includes(one)) return one
  }
  return -1
}
