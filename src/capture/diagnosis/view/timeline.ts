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

/** Numbers of frames for evidence, the first ones. Several packets may have left in one frame. */
export function frameNumbers(packets: CapturedPackets, indices: Iterable<number>, most: number): number[] {
  const numbers = new Set<number>()
  for (const i of indices) {
    if (numbers.size === most) break
    numbers.add(packets.number(i))
  }
  return [...numbers]
}
