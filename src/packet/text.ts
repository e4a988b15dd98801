/**
 * NUL-terminated strings inside packets. RFC 1350 asks for netascii, but names on the wire are plain bytes: they are
 * read as UTF-8 where that is valid and as latin1 where not, so that any bytes give a string.
 */
import { ForesendError } from '../error.ts'

// ignoreBOM keeps a leading U+FEFF in the string: a name must encode back to what it was.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Position of the first NUL in `from..end`, or -1. */
export function findNul(b: Uint8Array, from: number, end: number): number {
  for (let i = from; i < end; i++) if (b[i] === 0) return i
  return -1
}

/** The bytes `from..end` as a string. Callers bound the length. */
export function decodeText(b: Uint8Array, from: number, end: number): string {
  try {
    return utf8.decode(b.subarray(from, end))
  } catch {
    let text = ''
    for (let i = from; i < end; i++) text += String.fromCharCode(b[i])
    return text
  }
}

/** Lower case for ASCII letters only: `toLowerCase` would also turn a Kelvin sign into a k. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** Appends strings and NULs to a packet that grows. For packets sent once per transfer, not for the hot path. */
export class PacketWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(opcode: number) {
    this.#bytes = new Uint8Array(64)
    this.uint16(opcode)
  }

  uint16(value: number): this {
    this.#reserve(2)
    this.#bytes[this.#length++] = value >>> 8
    this.#bytes[this.#length++] = value
    return this
  }

  /**
   * `text` as UTF-8 and its NUL. A NUL inside, or more than `maxBytes`, is our caller's mistake (it would forge
   * options, or the peer would refuse it): throws ERR_TFTP_USAGE, naming `what`.
   */
  text(text: string, maxBytes: number, what: string): this {
    if (text.includes('\0')) throw usage(`${what} contains a NUL character, which TFTP cannot carry; remove it`)
    const encoded = encoder.encode(text)
    if (encoded.length > maxBytes) {
      throw usage(`${what} is ${encoded.length} bytes long and may have ${maxBytes} at most; shorten it`)
    }
    return this.raw(encoded, encoded.length)
  }

  /** Like `text`, and an empty one throws too: on the wire it would end the list it stands in. */
  name(text: string, maxBytes: number, what: string): this {
    if (text === '') throw usage(`${what} is empty; name one`)
    return this.text(text, maxBytes, what)
  }

  /** The first `length` bytes of `encoded` and a NUL. */
  raw(encoded: Uint8Array, length: number): this {
    this.#reserve(length + 1)
    this.#bytes.set(encoded.subarray(0, length), this.#length)
    this.#length += length
    this.#bytes[this.#length++] = 0
    return this
  }

  /** A copy of exactly the bytes written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#length + more, 2 * this.#bytes.length))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

/** `text` as UTF-8, at most `maxBytes` of it, cut between characters. */
export function encodeCut(text: string, maxBytes: number): Uint8Array {
  const target = new Uint8Array(maxBytes)
  const { written } = encoder.encodeInto(text, target)
  return target.subarray(0, written)
}

function usage(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
