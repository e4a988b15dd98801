/**
 * What an upload in windows (RFC 7440) lost. The server acknowledges whole windows, so what tells are the blocks themselves: one that is missing when later
 * ones come was lost, and a client that sends blocks again whose ACK has left did not get it.
 */
import type { CapturedPackets, CapturedTransfer } from '../../contract.ts'
import { median } from '../view/median.ts'
import type { UploadLoss, UploadLosses } from './losses.ts'

/** A packet that others overtook arrives within this. */
const LATE_MS = 8
/** A client that repeats within this many of its usual times for an answer, and PROMPT_LEAST_MS, has the ACK still on its way. */
const PROMPT_MEDIANS = 8
const PROMPT_LEAST_MS = 20
/** No timer of a client is shorter. */
const LEAST_TIMER_MS = 45

/** `list`: indices of the packets that count. Undefined for a download, and for an upload in lock-step. */
export function windowLossesOf(
  { packets, direction, agreed, request }: CapturedTransfer,
  list: Uint32Array,
): UploadLosses | undefined {
  if (direction !== 'write' || agreed.windowsize === 1) return undefined
  const promptMs = promptMsOf(packets, list)
  const up: UploadLoss[] = []
  const down: UploadLoss[] = []
  let received = 0
  /** What came before is in the capture. */
  let isKnown = request !== undefined
  let acked = 0
  let ackAt = -1
  let ackMs = 0
  let dataMs = 0
  /** The first block that is missing, and the packet that came in place of it. */
  let gap: { readonly seq: number; readonly i: number; readonly ms: number } | undefined
  /** The client sends blocks again that it has sent before: the loss that made it do so is in the list. */
  let isRepeating = false
  const tell = (losses: UploadLoss[], seq: number, from: number, i: number): void => {
    losses.push({ seq, shown: from < 0 || from === i ? [i] : [from, i], times: 1 })
  }
  for (const i of list) {
    const kind = packets.kind(i)
    const seq = packets.seq(i)
    const ms = packets.timeMs(i)
    // Regular packets that the store left out are no gap.
    if (packets.thinnedBefore(i) > 0) {
      isKnown = false
      gap = undefined
    }
    if (kind === 'ack' && !packets.fromClient(i)) {
      if (seq >= acked) [acked, ackAt, ackMs] = [seq, i, ms]
      continue
    }
    if (kind !== 'data' || !packets.fromClient(i)) continue
    if (gap !== undefined && seq === gap.seq) {
      if (ms - gap.ms > LATE_MS) tell(up, seq, gap.i, i)
      isRepeating = true
      gap = undefined
    } else if (seq > received) {
      if (isKnown && seq > received + 1 && gap === undefined) gap = { seq: received + 1, i, ms }
      else if (gap === undefined) isRepeating = false
      isKnown = true
    } else if (!isRepeating && gap === undefined) {
      if (seq <= acked && ms - ackMs > promptMs) tell(down, acked, ackAt, i)
      // The window is not complete: the server waits for its end, and the client for the ACK.
      else if (seq > acked && received < acked + agreed.windowsize && ms - dataMs >= LEAST_TIMER_MS)
        tell(up, received + 1, i, i)
      isRepeating = true
    }
    received = Math.max(received, seq)
    dataMs = ms
  }
  return { up, down, either: [] }
}

/** From an ACK to the next block that is new. */
function promptMsOf(packets: CapturedPackets, list: Uint32Array): number {
  const replies: number[] = []
  let received = 0
  let ackMs: number | undefined
  for (const i of list) {
    const isData = packets.kind(i) === 'data' && packets.fromClient(i)
    if (packets.kind(i) === 'ack' && !packets.fromClient(i)) ackMs = packets.timeMs(i)
    else if (isData && packets.seq(i) > received) {
      if (ackMs !== undefined) replies.push(packets.timeMs(i) - ackMs)
      ackMs = undefined
      received = packets.seq(i)
    }
  }
  return Math.max(PROMPT_LEAST_MS, PROMPT_MEDIANS * (median(replies) ?? 0))
}
