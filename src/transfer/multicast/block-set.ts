/** Which blocks of a file are here, in any order. */
export class BlockSet {
  readonly #bits: Uint8Array
  /** The lowest block that is not here. */
  firstMissing = 1
  highest = 0

  /** `most`: the highest block that there can be. */
  constructor(most: number) {
    this.#bits = new Uint8Array((most >>> 3) + 1)
  }

  has(seq: number): boolean {
    return (this.#bits[seq >>> 3] & (1 << (seq & 7))) !== 0
  }

  add(seq: number): void {
    this.#bits[seq >>> 3] |= 1 << (seq & 7)
    this.highest = Math.max(this.highest, seq)
    while (this.firstMissing <= this.highest && this.has(this.firstMissing)) this.firstMissing++
  }
}
