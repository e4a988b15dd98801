/** A set of bytes, as a bracket expression or an escape of a pattern means it. */

export class ByteSet {
  readonly #has = new Uint8Array(256)

  /** `ranges`: first and last byte of each range. */
  static of(...ranges: readonly (readonly [first: number, last: number])[]): ByteSet {
    const set = new ByteSet()
    for (const [first, last] of ranges) set.add(first, last)
    return set
  }

  add(first: number, last: number = first): this {
    this.#has.fill(1, first, last + 1)
    return this
  }

  addAll(other: ByteSet): this {
    for (let byte = 0; byte < 256; byte++) if (other.has(byte)) this.add(byte)
    return this
  }

  has(byte: number): boolean {
    return this.#has[byte] === 1
  }

  inverted(): ByteSet {
    const set = new ByteSet()
    for (let byte = 0; byte < 256; byte++) if (!this.has(byte)) set.add(byte)
    return set
  }

  /** The bytes whose upper-case form is in this set: what a pattern in upper case means when case does not count. */
  anyCase(): ByteSet {
    const set = new ByteSet()
    for (let byte = 0; byte < 256; byte++) if (this.has(upperByte(byte))) set.add(byte)
    return set
  }

  /** Bytes of the set that differ in what anchors make of them: the first that is of a word and the first printable one that is not. */
  samples(): number[] {
    const word = this.#first((byte) => WORD_BYTES.has(byte))
    const other =
      this.#first((byte) => byte > 0x20 && byte < 0x7f && !WORD_BYTES.has(byte)) ??
      this.#first((byte) => !WORD_BYTES.has(byte))
    return [word, other].filter((byte) => byte !== undefined)
  }

  #first(fits: (byte: number) => boolean): number | undefined {
    for (let byte = 0; byte < 256; byte++) if (this.has(byte) && fits(byte)) return byte
    return undefined
  }

  /** As RE2 writes it. */
  toString(): string {
    let text = ''
    for (let first = 0; first < 256; first++) {
      if (!this.has(first)) continue
      let last = first
      while (this.has(last + 1)) last++
      text += last === first ? hex(first) : `${hex(first)}-${hex(last)}`
      first = last
    }
    // Nothing can match: RE2 has no empty brackets.
    return text === '' ? '[^\\x{0}-\\x{10FFFF}]' : `[${text}]`
  }
}

/** Upper case of an ASCII letter; every other byte as it is, as in the C locale. */
export function upperByte(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}

const DIGIT = [0x30, 0x39] as const
const UPPER = [0x41, 0x5a] as const
const LOWER = [0x61, 0x7a] as const

/** The classes of POSIX in the C locale, by name. */
export const POSIX_CLASSES: ReadonlyMap<string, ByteSet> = new Map([
  ['alnum', ByteSet.of(DIGIT, UPPER, LOWER)],
  ['alpha', ByteSet.of(UPPER, LOWER)],
  ['blank', ByteSet.of([0x20, 0x20], [0x09, 0x09])],
  ['cntrl', ByteSet.of([0x00, 0x1f], [0x7f, 0x7f])],
  ['digit', ByteSet.of(DIGIT)],
  ['graph', ByteSet.of([0x21, 0x7e])],
  ['lower', ByteSet.of(LOWER)],
  ['print', ByteSet.of([0x20, 0x7e])],
  ['punct', ByteSet.of([0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e])],
  ['space', ByteSet.of([0x09, 0x0d], [0x20, 0x20])],
  ['upper', ByteSet.of(UPPER)],
  ['xdigit', ByteSet.of(DIGIT, [0x41, 0x46], [0x61, 0x66])],
])

/** Letters, digits and `_`. */
export const WORD_BYTES = ByteSet.of(DIGIT, UPPER, LOWER, [0x5f, 0x5f])
export const SPACE_BYTES = ByteSet.of([0x09, 0x0d], [0x20, 0x20])
