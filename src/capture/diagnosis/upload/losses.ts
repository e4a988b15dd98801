/**
 * What an upload in lock-step lost, by who had to repeat what. An ACK n that reached the client makes it send DATA n+1; so of each wait the
 * packet that ends it, and what came before, tell which direction lost something.
 */
import type { CapturedTransfer } from '../../contract.ts'
import { median } from '../view/median.ts'

/** One wait. */
export interface UploadLoss {
  /** Of the block that follows the wait, and of the one that would behind the final block. */
  readonly seq: number
  /** Indices of the packets that show it. */
  readonly shown: readonly number[]
  /** How often the block before was repeated, 1 where it was not. Each is an observation of its own. */
  readonly times: number
}

export interface UploadLosses {
  /** From the client to the server: DATA. */
  readonly up: readonly UploadLoss[]
  /** From the server to the client: ACKs. */
  readonly down: readonly UploadLoss[]
  /** One of both: the client answered a repeated ACK, as it does where it had not seen it, and as some do always. */
  readonly either: readonly UploadLoss[]
}

/** An answer is prompt within this many medians, and PROMPT_LEAST_MS. */
const PROMPT_MEDIANS = 8
const PROMPT_LEAST_MS = 20
/** Shorter waits are no timer of a client: BusyBox has the shortest known one, 50 ms at first. */
const LEAST_TIMER_MS = 45
/** Two waits are of one timer when they differ by less than this share. */
const SAME_TIMER = 0.1

/** `list`: indices of the packets that count. Undefined for a download, and for an upload in windows. */
export function uploadLossesOf(transfer: CapturedTransfer, list: Uint32Array): UploadLosses | undefined {
  if (transfer.direction !== 'write' || transfer.agreed.windowsize > 1) return undefined
  const { waits, repliesMs } = waitsOf(transfer, list)
  const promptMs = Math.max(PROMPT_LEAST_MS, PROMPT_MEDIANS * (median(repliesMs) ?? 0))
  const isAtServer = transfer.vantage.at === 'server' || transfer.source === 'trace'
  const timed: Wait[] = []
  const down: Wait[] = []
  const either: Wait[] = []
  for (const wait of waits) {
    // The client repeats a block although its ACK has left for longer than an answer takes.
    if (wait.repeatedBehindMs > promptMs) down.push(wait)
    // It repeats a block before the ACK: at the server that is late, elsewhere the block or the ACK may be lost out of sight.
    else if (wait.isRepeatedBefore && !isAtServer) either.push(wait)
    else if (wait.ms <= Math.max(LEAST_TIMER_MS, promptMs)) continue
    else if (wait.acks > 1 && wait.replyMs <= promptMs) either.push(wait)
    else timed.push(wait)
  }
  // A lone wait is a pause as well; a timer makes the same wait again.
  const byLength = timed.toSorted((a, b) => a.ms - b.ms)
  const alike = byLength.filter(
    ({ ms }, at) => isSameTimer(byLength[at - 1]?.ms, ms) || isSameTimer(ms, byLength[at + 1]?.ms),
  )
  const up = alike.toSorted((a, b) => a.seq - b.seq)
  // A client whose timer ends a wait had the ACK, and did not answer the repeats of it.
  const ignoresRepeats = up.some(({ acks }) => acks > 1)
  return ignoresRepeats ? { up, down: [...down, ...either], either: [] } : { up, down, either }
}

function isSameTimer(shorterMs: number | undefined, longerMs: number | undefined): boolean {
  return shorterMs !== undefined && longerMs !== undefined && longerMs - shorterMs < SAME_TIMER * shorterMs
}

/** From the first ACK n (or the OACK) to the first DATA n+1. */
interface Wait extends UploadLoss {
  readonly ms: number
  /** From the last ACK n to DATA n+1. */
  readonly replyMs: number
  readonly acks: number
  /** From an ACK n to the last DATA n behind it; 0 without one. */
  readonly repeatedBehindMs: number
  /** DATA n came again before an ACK of it. */
  readonly isRepeatedBefore: boolean
}

/** The waits in which something was repeated or that lasted, and the times of all plain answers. */
function waitsOf({ packets }: CapturedTransfer, list: Uint32Array): { waits: Wait[]; repliesMs: number[] } {
  const waits: Wait[] = []
  const repliesMs: number[] = []
  let acked = -1
  let received = 0
  let acks: number[] = []
  let repeats: number[] = []
  let repeatedBehindMs = 0
  let isRepeatedBefore = false
  const end = (seq: number, i: number): void => {
    const ms = packets.timeMs(i) - packets.timeMs(acks[0])
    const isPlain = acks.length === 1 && repeats.length === 0 && !isRepeatedBefore
    if (isPlain) repliesMs.push(ms)
    if (isPlain && ms <= LEAST_TIMER_MS) return
    waits.push({
      seq,
      shown: [...acks, ...repeats, i].toSorted((a, b) => a - b),
      ms,
      replyMs: packets.timeMs(i) - packets.timeMs(acks.at(-1)!),
      times: Math.max(1, repeats.length),
      acks: acks.length,
      repeatedBehindMs,
      isRepeatedBefore,
    })
  }

  for (const i of list) {
    const kind = packets.kind(i)
    const seq = packets.seq(i)
    // Regular packets that the store left out: the wait is not the one that it seems.
    if (packets.thinnedBefore(i) > 0) [acks, repeats, repeatedBehindMs, isRepeatedBefore] = [[], [], 0, false]
    if (!packets.fromClient(i) && (kind === 'ack' || kind === 'oack')) {
      if (seq > acked) [acks, repeats, repeatedBehindMs] = [[], [], 0]
      acked = Math.max(acked, seq)
      if (seq === acked) acks.push(i)
    } else if (packets.fromClient(i) && kind === 'data') {
      if (seq > received) {
        if (acks.length > 0) end(seq, i)
        ;[acks, repeats, repeatedBehindMs, isRepeatedBefore] = [[], [], 0, false]
      } else if (seq > acked) isRepeatedBefore = true
      else if (seq === acked && acks.length > 0) {
        repeats.push(i)
        repeatedBehindMs = Math.max(repeatedBehindMs, packets.timeMs(i) - packets.timeMs(acks.at(-1)!))
      }
      received = Math.max(received, seq)
    }
  }
  // The last ACK was lost: nothing new follows.
  const last = repeats.at(-1)
  if (last !== undefined) end(received + 1, last)
  return { waits, repliesMs }
}
