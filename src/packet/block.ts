/**
 * The one place that converts between `seq`, a block's index from 1 without bound, and the 16 bits on the wire.
 *
 *     seq          0   1 ... 65535  65536  65537 ... 131070  131071  131072
 *     rollover 0   0   1 ... 65535      0      1 ...  65534   65535       0   cycle of 65536
 *     rollover 1   0   1 ... 65535      1      2 ...  65535       1       2   cycle of 65535, block 0 once only
 *
 * `seq` 0 is the ACK of an OACK or of a write request.
 */

/** The wire block of `seq`; `rollover` is what follows block 65535. Right for every safe integer. */
export function blockOfSeq(seq: number, rollover: 0 | 1): number {
  if (rollover === 0 || seq === 0) return seq & 0xffff
  return ((seq - 1) % 0xffff) + 1
}

/**
 * The seq nearest to `reference` whose wire block is `block`; never below 0. Of two equally near (rollover 0, half a
 * cycle away) the lower: to take a packet for an old one is harmless. With rollover 1 block 0 is always seq 0.
 */
export function seqNear(block: number, reference: number, rollover: 0 | 1): number {
  if (rollover === 1 && block === 0) return 0
  const cycle = rollover === 0 ? 0x10000 : 0xffff
  const wraps = Math.ceil((reference - block) / cycle - 0.5)
  return wraps > 0 ? block + wraps * cycle : block
}
