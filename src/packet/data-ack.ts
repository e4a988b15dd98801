/**
 * DATA and ACK (RFC 1350 §5), the two packets of the hot path: read and written in place, nothing is allocated.
 *
 *     DATA   0       2       4                         4 + blksize
 *            +-------+-------+--------- - - - ---------+
 *            |   3   | block |  payload, 0..blksize    |   shorter than blksize: the last one
 *            +-------+-------+--------- - - - ---------+
 *
 *     ACK    0       2       4
 *            +-------+-------+
 *            |   4   | block |
 *            +-------+-------+
 */
import { OPCODE } from './opcode.ts'

/** Bytes before a DATA packet's payload; also the whole length of an ACK. */
export const HEADER_BYTES = 4

/** The block number of a DATA or ACK at `offset`. The caller has checked that the packet has at least 4 bytes. */
export function readBlock(b: Uint8Array, offset: number): number {
  return (b[offset + 2] << 8) | b[offset + 3]
}

/** Writes the 4 bytes before a DATA payload. `block` is 0..65535 (see `blockOfSeq`). */
export function writeDataHeader(b: Uint8Array, offset: number, block: number): void {
  b[offset] = 0
  b[offset + 1] = OPCODE.data
  b[offset + 2] = block >>> 8
  b[offset + 3] = block
}

/** The same four bytes as one number, the first byte highest. */
export function dataHead(block: number): number {
  return (OPCODE.data << 16) | block
}

/** Writes an ACK: 4 bytes. `block` is 0..65535. */
export function writeAck(b: Uint8Array, offset: number, block: number): void {
  b[offset] = 0
  b[offset + 1] = OPCODE.ack
  b[offset + 2] = block >>> 8
  b[offset + 3] = block
}
