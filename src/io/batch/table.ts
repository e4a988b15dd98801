/**
 * Who is at the other end: from (socket, peer's address, peer's port) to the owner of a transfer. Open addressing over one
 * typed array, so that a lookup per datagram makes no object and no text.
 */
import { AF_INET6 } from '../native/linux.ts'

/** Words of a key: port and socket, then the address (IPv4 fills the first only; a socket is of one family). */
const KEY_WORDS = 5
const SMALLEST = 64

export class PeerTable<Value> {
  #words = new Uint32Array(SMALLEST * KEY_WORDS)
  #values: (Value | undefined)[] = Array.from({ length: SMALLEST })
  #mask = SMALLEST - 1
  readonly #key = new Uint32Array(KEY_WORDS)
  size = 0

  /** `names` holds a sockaddr from word `at`. */
  get(socket: number, names: Uint32Array, at: number): Value | undefined {
    this.#load(socket, names, at)
    return this.#values[this.#find()]
  }

  /** The key must not be there yet. */
  add(socket: number, names: Uint32Array, at: number, value: Value): void {
    if ((this.size + 1) * 2 > this.#values.length) this.#grow()
    this.#load(socket, names, at)
    this.#put(value)
    this.size++
  }

  delete(socket: number, names: Uint32Array, at: number): void {
    this.#load(socket, names, at)
    let hole = this.#find()
    if (this.#values[hole] === undefined) return
    this.size--
    // What was pushed past the hole moves back, so that lookups need no tombstones.
    for (let slot = hole; ; ) {
      slot = (slot + 1) & this.#mask
      const value = this.#values[slot]
      if (value === undefined) break
      const home = this.#hash(this.#words, slot * KEY_WORDS)
      if (((slot - home) & this.#mask) < ((slot - hole) & this.#mask)) continue
      this.#words.copyWithin(hole * KEY_WORDS, slot * KEY_WORDS, (slot + 1) * KEY_WORDS)
      this.#values[hole] = value
      hole = slot
    }
    this.#values[hole] = undefined
  }

  #load(socket: number, names: Uint32Array, at: number): void {
    const key = this.#key
    const first = names[at] as number
    key[0] = (first >>> 16) | (socket << 16)
    const six = (first & 0xffff) === AF_INET6
    for (let i = 0; i < 4; i++)
      key[i + 1] = six ? (names[at + 2 + i] as number) : i === 0 ? (names[at + 1] as number) : 0
  }

  /** The key's slot, or the free one where it would go. */
  #find(): number {
    const words = this.#words
    const key = this.#key
    for (let slot = this.#hash(key, 0); ; slot = (slot + 1) & this.#mask) {
      if (this.#values[slot] === undefined) return slot
      const at = slot * KEY_WORDS
      let i = 0
      while (i < KEY_WORDS && words[at + i] === key[i]) i++
      if (i === KEY_WORDS) return slot
    }
  }

  #put(value: Value): void {
    const slot = this.#find()
    this.#words.set(this.#key, slot * KEY_WORDS)
    this.#values[slot] = value
  }

  #hash(words: Uint32Array, at: number): number {
    let hash = 0
    for (let i = 0; i < KEY_WORDS; i++) {
      hash = Math.imul(hash ^ (words[at + i] as number), 0x9e3779b1)
      hash ^= hash >>> 15
    }
    return hash & this.#mask
  }

  #grow(): void {
    const words = this.#words
    const values = this.#values
    this.#words = new Uint32Array(words.length * 2)
    this.#values = Array.from({ length: values.length * 2 })
    this.#mask = this.#values.length - 1
    for (let slot = 0; slot < values.length; slot++) {
      const value = values[slot]
      if (value === undefined) continue
      this.#key.set(words.subarray(slot * KEY_WORDS, (slot + 1) * KEY_WORDS))
      this.#put(value)
    }
  }
}
