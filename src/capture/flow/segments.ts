/**
 * Several DATA packets in one captured datagram. A sender with segmentation offload (Linux UDP_SEGMENT) hands its card many packets as one; a
 * capture on that host, or on a virtual network, shows them before they are split:
 *
 *     3 | block n | blksize bytes | 3 | block n + 1 | blksize bytes | ... | 3 | block n + k | up to blksize bytes
 */
import { HEADER_BYTES, OPCODE, readBlock, readOpcode } from '../../packet/index.ts'
import type { UdpDatagram } from '../frame/udp.ts'

/** Without a block size known, the second header is looked for from here on (RFC 2348's smallest block). */
const MIN_BLKSIZE = 8
/** What Ethernet carries whole: a card splits no frame into larger ones. */
const MAX_ONE_PIECE_BYTES = 1472
/** Linux hands at most this many to a card at a time. */
const MOST_SEGMENTS = 128

/**
 * Bytes of each packet in `d`, which is DATA: all of them when it is one packet. `blksize` is what the transfer uses as far as is known, 0 for not
 * known; where it was agreed it holds even when the capture cut the second header off.
 */
export function segmentBytes(d: UdpDatagram, blksize: number, isAgreed: boolean): number {
  if (d.fragmented) return d.payloadBytes
  if (blksize > 0) {
    const bytes = blksize + HEADER_BYTES
    if (d.payloadBytes <= bytes) return d.payloadBytes
    const isCut = d.capturedBytes < bytes + HEADER_BYTES && d.capturedBytes < d.payloadBytes
    return (isCut ? isAgreed : isRow(d, bytes)) ? bytes : d.payloadBytes
  }
  const last = Math.min(d.capturedBytes - HEADER_BYTES, d.payloadBytes / 2)
  for (let bytes = MIN_BLKSIZE + HEADER_BYTES; bytes <= last; bytes++) {
    if (d.payloadBuffer[d.payload + bytes + 1] === OPCODE.data && isRow(d, bytes)) return bytes
  }
  return d.payloadBytes
}

/** Whether `d` may hold several packets, and the capture cut off what would show it. */
export function isCutRow(d: UdpDatagram): boolean {
  return !d.fragmented && d.capturedBytes < d.payloadBytes
}

/** Bytes of each packet in a datagram of `payloadBytes`, when the one behind it begins `blocks` blocks later: all of them when it is one packet. */
export function evenBytes(payloadBytes: number, blocks: number): number {
  const bytes = payloadBytes / blocks
  const isOfCard = blocks <= MOST_SEGMENTS && bytes >= MIN_BLKSIZE + HEADER_BYTES && bytes <= MAX_ONE_PIECE_BYTES
  return isOfCard && Number.isInteger(bytes) ? bytes : payloadBytes
}

/** Whether a header of DATA with the next block stands at each multiple of `bytes`, as far as the capture shows. */
function isRow(d: UdpDatagram, bytes: number): boolean {
  const b = d.payloadBuffer
  const first = readBlock(b, d.payload)
  let checked = 0
  for (let at = bytes; at + HEADER_BYTES <= d.capturedBytes; at += bytes) {
    if (readOpcode(b, d.payload + at, HEADER_BYTES) !== OPCODE.data) return false
    checked++
    const block = readBlock(b, d.payload + at)
    // Behind a rollover to 1 the numbers are one ahead.
    const expected = first + checked
    if (block !== (expected & 0xffff) && !(expected > 0xffff && block === ((expected + 1) & 0xffff))) return false
  }
  return checked > 0
}
