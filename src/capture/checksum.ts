/** The Internet checksum (RFC 1071): one's complement of the one's complement sum of 16-bit words. */

/** The sum of the 16-bit words of `b` in `from..end`, the last padded with a zero. 65,535 bytes stay far below 2^53. */
export function sum16(b: Uint8Array, from: number, end: number): number {
  let sum = 0
  let at = from
  for (; at + 1 < end; at += 2) sum += (b[at] << 8) | b[at + 1]
  return at < end ? sum + (b[at] << 8) : sum
}

/** A sum of words with its carries added: 16 bits. */
export function foldSum(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000)
  return folded
}
