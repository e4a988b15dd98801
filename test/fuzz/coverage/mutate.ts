/** Makes new inputs of inputs that were good for something. */
import type { Rng } from '../../../src/lab/rng.ts'

/** An input that is longer takes its time and reaches no more. */
const MOST_BYTES = 1024
const INTERESTING = [0, 1, 2, 3, 4, 5, 6, 7, 8, 127, 128, 254, 255]
/** What packets are made of. */
const TOKENS = [
  '\0',
  'octet\0',
  'netascii\0',
  'mail\0',
  'blksize\0',
  'tsize\0',
  'windowsize\0',
  'timeout\0',
  'multicast\0\0',
  '512\0',
  '\0\x01',
  '\0\x02',
  '\0\x03',
  '\0\x04',
  '\0\x05',
  '\0\x06',
].map((text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0)))

/** A few changes of `input`; `other` is one to take parts of. */
export function mutated(rng: Rng, input: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes: Uint8Array = input.slice()
  for (let left = 1 + rng.int(rng.chance(0.2) ? 12 : 3); left > 0; left--) bytes = change(rng, bytes, other)
  return bytes.subarray(0, MOST_BYTES)
}

function change(rng: Rng, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const at = rng.int(bytes.length + 1)
  const length = 1 + rng.int(rng.chance(0.2) ? 64 : 8)
  switch (rng.int(8)) {
    case 0:
      if (at < bytes.length) bytes[at] ^= 1 << rng.int(8)
      return bytes
    case 1:
      if (at < bytes.length) bytes[at] = rng.int(256)
      return bytes
    case 2:
      if (at < bytes.length) bytes[at] = INTERESTING[rng.int(INTERESTING.length)]
      return bytes
    case 3:
      return joined(bytes.subarray(0, at), rng.fill(new Uint8Array(length)), bytes.subarray(at))
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length))
    case 5:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at))
    case 6: {
      const from = rng.int(other.length + 1)
      return joined(bytes.subarray(0, at), other.subarray(from, from + 4 * length), bytes.subarray(at))
    }
    default:
      return joined(bytes.subarray(0, at), TOKENS[rng.int(TOKENS.length)], bytes.subarray(at))
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
