/** Numbers in foreign bytes, in either byte order. The caller has checked that the bytes are there. */

export function read16(b: Uint8Array, at: number, littleEndian: boolean): number {
  return littleEndian ? b[at] | (b[at + 1] << 8) : (b[at] << 8) | b[at + 1]
}

export function read32(b: Uint8Array, at: number, littleEndian: boolean): number {
  return littleEndian
    ? (b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24)) >>> 0
    : ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0
}

/** A 16-bit number in network byte order. */
export function net16(b: Uint8Array, at: number): number {
  return (b[at] << 8) | b[at + 1]
}

/** A 32-bit number in network byte order. */
export function net32(b: Uint8Array, at: number): number {
  return ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0
}
