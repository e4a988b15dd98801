/**
 * Seeded randomness for the lab: the same seed gives the same numbers on every machine.
 *
 * The generator is sfc32 ("small fast counting"), by Chris Doty-Humphrey, PractRand, released to the public domain. The
 * seed is spread by the finaliser of MurmurHash3 (Austin Appleby, public domain).
 */
export class Rng {
  #a: number
  #b: number
  #c: number
  #counter = 1
  readonly #seedLow: number
  readonly #seedHigh: number

  /** `seed`: any safe integer. `label` separates streams of one seed. */
  constructor(seed: number, label = '') {
    this.#seedLow = mix((seed | 0) ^ hashText(label, 0x9e3779b9))
    this.#seedHigh = mix(Math.floor(seed / 0x1_0000_0000) ^ hashText(label, 0x85ebca6b))
    this.#a = this.#seedLow
    this.#b = this.#seedHigh
    this.#c = mix(this.#seedLow ^ Math.imul(this.#seedHigh, 0xc2b2ae35))
    for (let i = 0; i < WARM_UP; i++) this.next()
  }

  /** 32 random bits, unsigned. */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0
    return t >>> 0
  }

  /** Uniform in 0 (included) to 1 (excluded), in steps of 2^-32. */
  float(): number {
    return this.next() / 0x1_0000_0000
  }

  /** A whole number in 0 .. n - 1; `n` at most 2^32. */
  int(n: number): number {
    return Math.floor(this.float() * n)
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.float() < p
  }

  /** Between `low` and `high` (both above 0), each factor equally likely: 1 to 10 as often as 10 to 100. */
  logUniform(low: number, high: number): number {
    return low * (high / low) ** this.float()
  }

  /**
   * An independent stream. It depends on the seed and the label alone, not on what was drawn before, so that one more
   * draw in one place does not change the numbers of another.
   */
  fork(label: string): Rng {
    return new Rng(this.#seedHigh * 0x20_0000 + (this.#seedLow >>> 11), label)
  }

  /** Fills `target` with random bytes. */
  fill(target: Uint8Array): Uint8Array {
    for (let i = 0; i < target.length; i++) target[i] = this.next() >>> 24
    return target
  }
}

/** sfc32's author advises 12 rounds or more before the first use; short seeds need all of them. */
const WARM_UP = 15

function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function hashText(text: string, start: number): number {
  let h = start | 0
  for (let i = 0; i < text.length; i++) h = mix(h ^ Math.imul(text.charCodeAt(i) + i + 1, 0x01000193)) | 0
  return h
}
