/**
 * What the server made of the ACKs of a download, by what it sent next. A capture at the server shows each ACK that its card got; one taken elsewhere
 * also those that were lost behind it.
 */
import type { CapturedTransfer } from '../../contract.ts'
import { MAX_EVIDENCE_PACKETS } from '../contract.ts'
import { quantile } from './median.ts'

/** From an ACK that was due to the next block. */
export interface ServerTurn {
  /** The block that was acknowledged. */
  readonly seq: number
  readonly ms: number
  /** Indices of the packets that show it: the ACK, what was sent again, the ACKs that repeated it, the next block. */
  readonly shown: readonly number[]
}

export interface ServerTurns {
  /** The ACK was seen, and the server sent its block again and waited for another ACK: it never had it. */
  readonly unheard: readonly ServerTurn[]
  /** The next block came for the first time, and no ACK just before it. */
  readonly late: readonly ServerTurn[]
  /** The ACK was seen, nothing came, and the next block came at once when the client said it again: that ACK was lost, or the block before. */
  readonly prompted: readonly ServerTurn[]
}

const NONE: ServerTurns = { unheard: [], late: [], prompted: [] }
const NOTHING: readonly number[] = []
/** A block that left before its ACK came in is no answer to it. No timer of a server is shorter, but for those that look at each packet. */
const LEAST_TIMER_MS = 45
/** Of the usual turns. */
const LATE_TIMES = 20
const LATE_LEAST_MS = 400
const LEAST_TURNS = 4
/** Of the usual turns: a server that gets an ACK answers it at once. */
const AT_ONCE_TIMES = 4
const AT_ONCE_MS = 1

/**
 * Of a server that sends blocks ahead, in a capture away from it: after a silence it sends a block whose ACK the capture has. What it sends then without
 * a silence may be there to make the client speak.
 */
function unheardAhead({ packets, vantage, blocks }: CapturedTransfer, list: Uint32Array): ServerTurn[] {
  if (vantage.at === 'server') return []
  const ackedAt = new Map<number, number>()
  const turnsMs: number[] = []
  const found: ServerTurn[] = []
  let highest = 0
  let lastMs = -Infinity
  let ackMs: number | undefined
  for (const i of list) {
    const [seq, ms] = [packets.seq(i), packets.timeMs(i)]
    const isQuiet = ms - lastMs >= LEAST_TIMER_MS && packets.thinnedBefore(i) === 0
    lastMs = ms
    if (packets.kind(i) === 'ack' && packets.fromClient(i)) {
      if (!ackedAt.has(seq)) ackedAt.set(seq, i)
      ackMs = ms
    } else if (packets.kind(i) === 'data' && !packets.fromClient(i)) {
      const at = ackedAt.get(seq)
      if (seq > highest && ackMs !== undefined) turnsMs.push(ms - ackMs)
      else if (at !== undefined && isQuiet && seq !== blocks.final)
        found.push({ seq, ms: ms - packets.timeMs(at), shown: [at, i] })
      highest = Math.max(highest, seq)
      ackMs = undefined
    }
  }
  const usualMs = turnsMs.length < LEAST_TURNS ? Infinity : quantile(turnsMs, 0.5)!
  return found.filter(({ ms }) => ms >= AT_ONCE_TIMES * usualMs)
}

/** `list`: the packets that count. In lock-step alone: only there each ACK calls for one block. */
export function serverTurnsOf(transfer: CapturedTransfer, list: Uint32Array, windowBlocks: number): ServerTurns {
  if (transfer.direction !== 'read' || transfer.agreed.windowsize > 1 || transfer.source === 'trace') return NONE
  if (windowBlocks > 1) return { ...NONE, unheard: unheardAhead(transfer, list) }
  const { packets, blocks } = transfer
  const unheard: ServerTurn[] = []
  const quiet: ServerTurn[] = []
  const again: (ServerTurn & { readonly sinceAckMs: number })[] = []
  const turnsMs: number[] = []
  let sent = 0
  let ackMs: number | undefined
  let ackAt = -1
  let ackAgainMs = 0
  let lastMs = 0
  let shown = NOTHING
  let isRepeated = false
  let isAckedAgain = false
  for (const i of list) {
    const kind = packets.kind(i)
    const seq = packets.seq(i)
    const ms = packets.timeMs(i)
    if (packets.thinnedBefore(i) > 0) ackMs = undefined
    lastMs = ms
    if (kind === 'ack' && packets.fromClient(i) && seq === sent && seq > 0) {
      if (ackMs === undefined) {
        ackMs = ms
        ackAt = i
        shown = NOTHING
        isRepeated = false
        isAckedAgain = false
      } else {
        isAckedAgain = true
        ackAgainMs = ms
        if (shown.length < MAX_EVIDENCE_PACKETS) shown = [...shown, i]
      }
    } else if (kind === 'data' && !packets.fromClient(i)) {
      if (seq > sent) {
        if (ackMs !== undefined) {
          const tookMs = ms - ackMs
          if (!isAckedAgain) turnsMs.push(tookMs)
          // Most turns are short, and there are millions of them.
          const kept = isAckedAgain ? (isRepeated ? unheard : undefined) : tookMs >= LATE_LEAST_MS ? quiet : undefined
          const turn = { seq: sent, ms: tookMs, shown: [ackAt, ...shown, i] }
          kept?.push(turn)
          if (isAckedAgain && !isRepeated && tookMs >= LEAST_TIMER_MS)
            again.push({ ...turn, sinceAckMs: ms - ackAgainMs })
        }
        sent = seq
        ackMs = undefined
      } else if (seq === sent && ackMs !== undefined && seq !== blocks.final) {
        if (ms - ackMs >= LEAST_TIMER_MS) isRepeated = true
        if (shown.length < MAX_EVIDENCE_PACKETS) shown = [...shown, i]
      }
    }
  }
  // The server gave up over it, or the capture ends.
  if (ackMs !== undefined && isRepeated && isAckedAgain)
    unheard.push({ seq: sent, ms: lastMs - ackMs, shown: [ackAt, ...shown] })
  const usualMs = turnsMs.length < LEAST_TURNS ? Infinity : quantile(turnsMs, 0.5)!
  const atOnceMs = Math.max(AT_ONCE_MS, AT_ONCE_TIMES * usualMs)
  const soon = again.filter(({ ms, sinceAckMs }) => ms >= LATE_TIMES * usualMs && sinceAckMs <= atOnceMs)
  // One short wait is nothing yet.
  const prompted = soon.length > 1 || soon.some(({ ms }) => ms >= LATE_LEAST_MS) ? soon : []
  const late = [...quiet, ...again.filter(({ ms }) => ms >= LATE_LEAST_MS)]
    .filter((turn) => turn.ms >= LATE_TIMES * usualMs && !prompted.some(({ seq }) => seq === turn.seq))
    .sort((a, b) => a.seq - b.seq)
  return { unheard, late, prompted }
}
