/**
 * Whether a client without a negotiated window names its place: whatever block arrives, its ACK says up to where it has everything (iPXE, U-Boot from
 * 2020.10 on). A client that stores any block acknowledges the block itself. The server proves it in the same way (rule A1).
 */
import type { CapturedTransfer } from '../contract.ts'

/** A block that leaves this long after anything else, and an ACK that follows it this soon, belong together. */
const ALONE_MS = 5
const PROOFS = 3
/** A device answers frames as they come when its ACKs of the next block in turn are this many times those of the block before. */
const PROMPT = 10
/** Answers of a client that stores any block are at most this share of the proofs: the network doubles and delays. */
const MOST_CONTRARY = 0.1

/** `list`: the packets that count. */
export function namesItsPlace({ packets }: CapturedTransfer, list: Uint32Array): boolean {
  let proofs = 0
  /** Answers that name the block that left before: a card that shows frames late would give them too. */
  let doubtful = 0
  let contrary = 0
  let [prompt, late] = [0, 0]
  let highestAcked = 0
  let lastMs = -Infinity
  let lastData = 0
  /** A block that left alone, the one that left before it, and what was acknowledged for it first; 0 for none. */
  let alone = 0
  let before = 0
  let answer = 0
  let isOld = false

  for (const i of list) {
    const ms = packets.timeMs(i)
    const isFar = ms - lastMs > ALONE_MS
    const isClient = packets.fromClient(i)
    lastMs = ms
    if (isFar || !isClient) {
      // An ACK of the block below may be one that leaves instead of the right one.
      if (answer > 0 && answer !== alone && answer !== alone - 1) {
        if (answer === before) doubtful++
        else proofs++
      }
      alone = 0
      answer = 0
    }
    const seq = packets.seq(i)
    if (packets.kind(i) === 'data' && !isClient) {
      if (isFar && packets.thinnedBefore(i) === 0) {
        alone = seq
        before = lastData
        isOld = seq < highestAcked
      }
      lastData = seq
    } else if (packets.kind(i) === 'ack' && isClient) {
      if (alone > 0) {
        // An old block by its own number, or after a later one that was held: it goes by blocks.
        if (seq === alone && (isOld || answer > alone)) {
          contrary++
          alone = 0
          answer = 0
        } else if (answer === 0) answer = seq
      }
      if (lastData === highestAcked + 1) {
        if (seq === lastData) prompt++
        else if (seq === lastData - 1) late++
      }
      highestAcked = Math.max(highestAcked, seq)
    }
  }
  if (prompt >= PROMPT * late) proofs += doubtful
  return proofs >= PROOFS && contrary <= proofs * MOST_CONTRARY
}
