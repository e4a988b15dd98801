/** Packets that the peer of a running transfer could have sent: what comes next, what came before, and both a little wrong. */
import type { Rng } from '../../src/lab/rng.ts'
import { encodeError, encodeOack, HEADER_BYTES, OPCODE } from '../../src/packet/index.ts'
import { type FuzzTransfer, lineOf } from './owner.ts'

const STEPS = [0, 0, 0, -1, -1, 1, 2, -2, 8, -8, 100, -100, 32_767, -32_768]
/** Reused: the bytes are read during the input only. */
const scratch = new Uint8Array(HEADER_BYTES + 65_464 + 16)

/** What a good client says next: an ACK of what was sent, or the next DATA, rarely the last. */
export function proceed(transfer: FuzzTransfer, rng: Rng): Uint8Array {
  const line = lineOf(transfer)
  if (transfer.direction === 'read') return header(OPCODE.ack, line.reached, 0)
  const blksize = transfer.agreed?.blksize ?? 512
  return header(OPCODE.data, line.reached + 1, rng.chance(0.02) ? rng.int(blksize) : blksize)
}

/** The same, but out of turn, too long, too short, of another kind, or with bits changed. */
export function plausible(transfer: FuzzTransfer, rng: Rng): Uint8Array {
  const packet = nearby(transfer, rng)
  if (rng.chance(0.3)) packet[rng.int(Math.min(packet.length, 16))] ^= 1 << rng.int(8)
  return rng.chance(0.1) ? packet.subarray(0, rng.int(packet.length)) : packet
}

function nearby(transfer: FuzzTransfer, rng: Rng): Uint8Array {
  const { reached } = lineOf(transfer)
  const step = STEPS[rng.int(STEPS.length)]
  const blksize = transfer.agreed?.blksize ?? 512
  const kind = rng.int(20)
  if (kind === 0) return encodeError(rng.int(9), 'gone')
  if (kind === 1) return encodeOack([{ name: 'blksize', value: String(blksize) }])
  // The wrong way round one time in five.
  const reads = (transfer.direction === 'read') === kind > 4
  if (reads) return header(OPCODE.ack, reached + step, rng.chance(0.1) ? rng.int(16) : 0)
  const sizes = [blksize, blksize, blksize, blksize + 1, blksize - 1, 0, rng.int(blksize)]
  return header(OPCODE.data, reached + 1 + step, sizes[rng.int(sizes.length)])
}

/** DATA or ACK of block `seq`, with `payloadBytes` behind it. */
function header(opcode: number, seq: number, payloadBytes: number): Uint8Array {
  const packet = scratch.subarray(0, HEADER_BYTES + payloadBytes)
  packet[0] = 0
  packet[1] = opcode
  packet[2] = seq >> 8
  packet[3] = seq
  return packet
}
