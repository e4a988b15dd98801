/**
 * A digest of everything that two nodes said to each other: the time, the direction, the length and the header of each datagram as it left.
 * Two versions of a sender that claim to behave alike have the same digest for the same seeds.
 */
import type { LinkTap } from '../../src/lab/index.ts'
import type { Frame } from '../../src/lab/frame.ts'
import { HEADER_BYTES, OPCODE, readOpcode } from '../../src/packet/index.ts'

/** A request and an OACK fit. */
const HASHED_BYTES = 64

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)

/** Give `up` and `down` to the links of any number of transfers, one after the other. */
export class LogHash {
  readonly up: LinkTap = { sent: (now, frame) => this.#add(1, now, frame), arrived: () => {} }
  readonly down: LinkTap = { sent: (now, frame) => this.#add(2, now, frame), arrived: () => {} }
  #a = 0x811c9dc5
  #b = 0x9e3779b9

  /** Sixteen hex digits. */
  toString(): string {
    return [this.#a, this.#b].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #add(direction: number, now: number, { buffer, offset, length }: Frame): void {
    float[0] = now
    this.#word(words[0])
    this.#word(words[1])
    const opcode = readOpcode(buffer, offset, length)
    // The text of an ERROR is for people and may be put better; its code is behaviour.
    const isError = opcode === OPCODE.error
    this.#word(direction + 4 * (isError ? HEADER_BYTES : length))
    // The payload of DATA follows from its number and length: the device's memory shows whether it is right.
    const hashed = isError || opcode === OPCODE.data ? HEADER_BYTES : HASHED_BYTES
    const end = offset + Math.min(length, hashed)
    for (let at = offset; at < end; at++) this.#word(buffer[at])
  }

  #word(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193)
    this.#b = Math.imul(this.#b ^ (value + (this.#a >>> 15)), 0x85ebca6b)
  }
}
