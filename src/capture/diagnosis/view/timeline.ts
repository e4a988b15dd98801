/** The packets that count: what was on the wire once, and what its receiver did not drop. */
import { type CapturedPackets, type CapturedTransfer, PACKET_FLAG } from '../../contract.ts'

const DROPPED = PACKET_FLAG.copy | PACKET_FLAG.badChecksum | PACKET_FLAG.incomplete

/** Indices into `packets`, in the order of the capture. */
export function countingPackets({ packets }: CapturedTransfer): Uint32Array {
  const kept = new Uint32Array(packets.length)
  let length = 0
  for (let i = 0; i < packets.length; i++) if ((packets.flags(i) & DROPPED) === 0) kept[length++] = i
  return kept.subarray(0, length)
}

/**
 * The same without DATA that the server repeats by habit: again before an answer to the last time could have come. Some send every packet twice,
 * others the whole window after each ACK; nothing was lost then.
 */
export function withoutCopies({ packets, agreed }: CapturedTransfer, list: Uint32Array, medianMs: number): Uint32Array {
  const leftAt = new Map<number, number>()
  let acked = -1
  /** When an ACK last moved the transfer on. */
  let movedMs = -Infinity
  return list.filter((i) => {
    const kind = packets.kind(i)
    if (kind === 'ack' && packets.seq(i) > acked) {
      acked = packets.seq(i)
      movedMs = packets.timeMs(i)
    }
    if (kind !== 'data') return true
    const seq = packets.seq(i)
    const ms = packets.timeMs(i)
    const before = leftAt.get(seq)
    // An ACK of a later block is a reason to repeat this one. One of an earlier block is none, unless it names a gap in a window.
    if (before !== undefined && acked < seq) {
      const isWindowAgain = agreed.windowsize === 1 && before < movedMs && ms - movedMs < medianMs / 4
      if (isWindowAgain || ms - before < COPY_MEDIANS * medianMs) return false
    }
    leftAt.set(seq, ms)
    return true
  })
}

/** No server takes a block for lost sooner, unless an ACK says so. */
const COPY_MEDIANS = 1.5

/** Numbers of frames for evidence, the first ones. */
export function frameNumbers(packets: CapturedPackets, indices: Iterable<number>, most: number): number[] {
  const numbers: number[] = []
  for (const i of indices) {
    if (numbers.length === most) break
    numbers.push(packets.number(i))
  }
  return numbers
}
