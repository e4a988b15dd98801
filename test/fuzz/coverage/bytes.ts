/** Reads an input of the fuzzer: numbers and packets, byte by byte. Behind the end there are zeros. */
export class Bytes {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isEmpty(): boolean {
    return this.#at >= this.#bytes.length
  }

  u8(): number {
    return this.#at < this.#bytes.length ? this.#bytes[this.#at++] : 0
  }

  /** 0 to `count` - 1. */
  below(count: number): number {
    return this.u8() % count
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  /** A packet: its length in two bytes, then as many bytes as there are. */
  packet(): Uint8Array {
    const length = ((this.u8() << 8) | this.u8()) % 2048
    const packet = this.#bytes.slice(this.#at, this.#at + length)
    this.#at += length
    return packet
  }
}
