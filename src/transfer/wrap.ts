/** Block numbers of 16 bits begin again behind 65535: what rule A12 says of the blocks around that. */
import { blockOfSeq } from '../packet/index.ts'

/** Blocks on each side of a rollover that travel alone (rule A12). */
const WRAP_SIDE = 2

/** True for the two blocks on either side of a rollover of the 16-bit block number (rule A12). */
export function nearWrap(seq: number, rollover: 0 | 1): boolean {
  if (seq < 0x10000 - WRAP_SIDE) return false
  const block = blockOfSeq(seq, rollover)
  return block >= 0x10000 - WRAP_SIDE || block < rollover + WRAP_SIDE
}

/** True for the block that travels as number 0 after a rollover: U-Boot 1.1.x must not see it twice (rule A12). */
export function isWrapZero(seq: number, rollover: 0 | 1): boolean {
  return seq >= 0x10000 && blockOfSeq(seq, rollover) === 0
}

/** True for the last block before a rollover: iPXE takes a repeat of it for the last block of the next round. */
export function isBeforeWrap(seq: number, rollover: 0 | 1): boolean {
  return seq >= 0xffff && blockOfSeq(seq, rollover) === 0xffff
}
