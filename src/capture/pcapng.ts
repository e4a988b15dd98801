/**
 * Writes pcapng, the format of Wireshark (IETF draft-ietf-opsawg-pcapng): blocks of a type, a length, a body, and the
 * length again. All numbers are little-endian here; the first block says so.
 *
 *     section header | interface description | enhanced packet | enhanced packet | ...
 *     \______ pcapngHeader, once __________/   \______ pcapngDatagram, each ______/
 */
import { type Datagram, ipPacketBytes, writeIpPacket } from './ip.ts'

const BLOCK = { sectionHeader: 0x0a0d0d0a, interfaceDescription: 1, enhancedPacket: 6 } as const
const OPTION = { end: 0, comment: 1, timeResolution: 9 } as const
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
/** Packets begin with the IP header, version 4 or 6 by its first four bits. */
const LINKTYPE_RAW = 101
const MICROSECONDS = 6
/** Type and length before, length after. */
const BLOCK_BYTES = 12
const ENHANCED_PACKET_BYTES = 20
/** An option's length has 16 bits; a comment longer than this is cut. */
const MAX_COMMENT_BYTES = 4096

export interface CapturedDatagram extends Datagram {
  /** Microseconds since the epoch, a whole number. */
  readonly timeUs: number
}

/** What a capture file begins with. `comment` appears in Wireshark's capture properties; at most 4096 bytes of UTF-8. */
export function pcapngHeader(comment: string): Uint8Array {
  const room = new Uint8Array(MAX_COMMENT_BYTES)
  const { written } = new TextEncoder().encodeInto(comment, room)
  const commentBytes = written === 0 ? 0 : 4 + padded(written) + 4
  const sectionBytes = BLOCK_BYTES + 16 + commentBytes
  const interfaceBytes = BLOCK_BYTES + 8 + 8 + 4
  const file = new Uint8Array(sectionBytes + interfaceBytes)
  const view = new DataView(file.buffer)

  writeBlock(view, 0, BLOCK.sectionHeader, sectionBytes)
  view.setUint32(8, BYTE_ORDER_MAGIC, true)
  view.setUint16(12, 1, true) // version 1.0
  view.setUint16(14, 0, true)
  view.setBigInt64(16, -1n, true) // the section's length is not known: it grows
  if (written > 0) {
    view.setUint16(24, OPTION.comment, true)
    view.setUint16(26, written, true)
    file.set(room.subarray(0, written), 28)
    view.setUint32(28 + padded(written), OPTION.end, true)
  }

  writeBlock(view, sectionBytes, BLOCK.interfaceDescription, interfaceBytes)
  view.setUint16(sectionBytes + 8, LINKTYPE_RAW, true)
  view.setUint32(sectionBytes + 12, 0, true) // no limit on a packet's length
  view.setUint16(sectionBytes + 16, OPTION.timeResolution, true)
  view.setUint16(sectionBytes + 18, 1, true)
  view.setUint8(sectionBytes + 20, MICROSECONDS)
  view.setUint32(sectionBytes + 24, OPTION.end, true)
  return file
}

/** One datagram as an enhanced packet block, to be appended to the header. Payloads over 65,507 bytes are cut. */
export function pcapngDatagram(datagram: CapturedDatagram): Uint8Array {
  const data = BLOCK_BYTES - 4 + ENHANCED_PACKET_BYTES
  const block = new Uint8Array(data + padded(ipPacketBytes(datagram.payload.length)) + 4)
  const view = new DataView(block.buffer)
  const packetBytes = writeIpPacket(datagram, block, data)
  const blockBytes = data + padded(packetBytes) + 4
  writeBlock(view, 0, BLOCK.enhancedPacket, blockBytes)
  view.setUint32(8, 0, true) // the only interface
  view.setUint32(12, Math.floor(datagram.timeUs / 0x1_0000_0000), true)
  view.setUint32(16, datagram.timeUs % 0x1_0000_0000, true)
  view.setUint32(20, packetBytes, true) // captured
  const leftOut = Math.max(0, (datagram.payloadBytes ?? 0) - datagram.payload.length)
  view.setUint32(24, packetBytes + leftOut, true) // on the wire
  return block.subarray(0, blockBytes)
}

function writeBlock(view: DataView, offset: number, type: number, blockBytes: number): void {
  view.setUint32(offset, type, true)
  view.setUint32(offset + 4, blockBytes, true)
  view.setUint32(offset + blockBytes - 4, blockBytes, true)
}

/** Everything in a pcapng file begins at a multiple of 4. */
function padded(length: number): number {
  return (length + 3) & ~3
}
