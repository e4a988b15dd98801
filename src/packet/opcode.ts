/** What the first two bytes of every packet say (RFC 1350 §5, RFC 2347), and the numbers inside ERROR packets. */

export const OPCODE = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const

/** The codes of ERROR packets (RFC 1350 appendix; 8 is from RFC 2347). */
export const WIRE_ERROR = {
  /** No code fits: the message tells. */
  undefined: 0,
  notFound: 1,
  access: 2,
  diskFull: 3,
  illegal: 4,
  unknownTid: 5,
  exists: 6,
  noUser: 7,
  /** Option negotiation failed. */
  option: 8,
} as const

/**
 * A parser's answer: the value, or what is wrong with the bytes. `wireCode` is what an ERROR to the sender would carry;
 * `reason` is one line, already escaped and bounded.
 */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly wireCode: number; readonly reason: string }

/** The opcode of `length` bytes from `offset`, known or not; 0 when there are not two bytes. */
export function readOpcode(b: Uint8Array, offset: number, length: number): number {
  if (length < 2 || offset + 2 > b.length) return 0
  return (b[offset] << 8) | b[offset + 1]
}

/** A fault in the sender's bytes. */
export function fault(wireCode: number, reason: string): { ok: false; wireCode: number; reason: string } {
  return { ok: false, wireCode, reason }
}
