/**
 * The packets of one transfer while it runs, eight bytes for each run of them: a recording costs little more than the trace that each transfer
 * keeps anyway. No payload of DATA is kept: the file is there.
 *
 *     word 0   microseconds since the request; the largest value stands for everything later (71 minutes)
 *     word 1   bit 31: 1 sent, 0 received    bits 28..30: kind    bits 0..27: number
 */
import { HEADER_BYTES, OPCODE } from '../packet/index.ts'

/**
 * `data`: a block that was sent, by its seq. `through`: those behind it, up to this one. `block`: DATA that was received, by its 16 bits. `length`:
 * payload bytes of the next `block`, where they are not those of the one before. `packet`: any other datagram, by its place among `packets`.
 */
export const LOG_KIND = { data: 0, through: 1, block: 2, length: 3, ack: 4, packet: 5 } as const

const FIRST_ENTRIES = 64
/** Requests, OACKs, ERRORs and what is none of these: a peer that sends noise can send any number. */
const MAX_PACKETS = 256
const MAX_PACKET_BYTES = 1024
const MAX_MICROS = 0xffff_ffff
const NUMBER_MASK = 0x0fff_ffff
/** Of a full log the beginning stays, and this part of it holds the end. */
const END_SHARE = 0.75

/** Entries that all logs together may hold: 64 MB. */
export const MAX_ENTRIES = 1 << 23

/** What all logs of an instance share. */
export interface LogBudget {
  left: number
}

export interface LogContent {
  /** In the order of time. */
  readonly words: Uint32Array
  readonly packets: readonly Uint8Array[]
  /** Entries that are missing, and behind which entry. */
  readonly leftOut: number
  readonly leftOutBehind: number
}

export class TransferLog {
  readonly #budget: LogBudget
  readonly #mostEntries: number
  readonly #packets: Uint8Array[] = []
  #words: Uint32Array
  #written = 0
  #payloadBytes = -1

  /** Of `mostEntries` at most. */
  constructor(budget: LogBudget, mostEntries: number) {
    this.#budget = budget
    this.#mostEntries = mostEntries
    this.#words = new Uint32Array(2 * FIRST_ENTRIES)
    budget.left -= FIRST_ENTRIES
  }

  /** Times are in milliseconds since the request. */
  sentBlocks(ms: number, first: number, count: number): void {
    this.#add(ms, 1, LOG_KIND.data, first)
    if (count > 1) this.#add(ms, 1, LOG_KIND.through, first + count - 1)
  }

  sent(ms: number, buffer: Uint8Array, length: number): void {
    this.#packet(ms, 1, buffer, 0, length)
  }

  received(ms: number, buffer: Uint8Array, offset: number, length: number): void {
    this.#packet(ms, 0, buffer, offset, length)
  }

  /** What it holds; the log is not used after that. */
  take(): LogContent {
    const capacity = this.#words.length / 2
    this.#budget.left += capacity
    if (this.#written <= capacity) {
      const words = this.#words.slice(0, 2 * this.#written)
      sortByTime(words, 0, this.#written)
      return { words, packets: this.#packets, leftOut: 0, leftOutBehind: 0 }
    }
    const kept = capacity - this.#end
    const at = 2 * (kept + ((this.#written - kept) % this.#end))
    const words = new Uint32Array(this.#words.length)
    words.set(this.#words.subarray(0, 2 * kept))
    words.set(this.#words.subarray(at), 2 * kept)
    words.set(this.#words.subarray(2 * kept, at), 2 * kept + this.#words.length - at)
    sortByTime(words, 0, kept)
    sortByTime(words, kept, capacity)
    return { words, packets: this.#packets, leftOut: this.#written - capacity, leftOutBehind: kept }
  }

  /** Entries at the end of a full log that are written over. */
  get #end(): number {
    return Math.floor((END_SHARE * this.#words.length) / 2)
  }

  #packet(ms: number, sent: 0 | 1, buffer: Uint8Array, offset: number, length: number): void {
    const opcode = length < HEADER_BYTES ? 0 : (buffer[offset] << 8) | buffer[offset + 1]
    const number = (buffer[offset + 2] << 8) | buffer[offset + 3]
    if (opcode === OPCODE.ack && length === HEADER_BYTES) return this.#add(ms, sent, LOG_KIND.ack, number)
    if (opcode === OPCODE.data) {
      const bytes = length - HEADER_BYTES
      if (bytes !== this.#payloadBytes) this.#add(ms, sent, LOG_KIND.length, bytes)
      this.#payloadBytes = bytes
      return this.#add(ms, sent, LOG_KIND.block, number)
    }
    if (this.#packets.length === MAX_PACKETS) return
    this.#packets.push(buffer.slice(offset, offset + Math.min(length, MAX_PACKET_BYTES)))
    this.#add(ms, sent, LOG_KIND.packet, this.#packets.length - 1)
  }

  #add(ms: number, sent: 0 | 1, kind: number, number: number): void {
    const at = 2 * this.#place()
    this.#words[at] = Math.min(MAX_MICROS, ms * 1000)
    this.#words[at + 1] = ((sent << 31) | (kind << 28) | (number & NUMBER_MASK)) >>> 0
    this.#written++
  }

  #place(): number {
    let capacity = this.#words.length / 2
    if (this.#written < capacity) return this.#written
    // One that has begun to write over its end does not grow any more.
    if (this.#written === capacity && 2 * capacity <= this.#mostEntries && capacity <= this.#budget.left) {
      const words = new Uint32Array(4 * capacity)
      words.set(this.#words)
      this.#words = words
      this.#budget.left -= capacity
      capacity *= 2
      return this.#written
    }
    const kept = capacity - this.#end
    return kept + ((this.#written - kept) % this.#end)
  }
}

/**
 * Entries `from` .. `end - 1` in the order of time. They almost are: datagrams that were received together have one time, and what answered the first of them left
 * a moment later. Entries of one time stay as they are, because some belong to the one before.
 */
function sortByTime(words: Uint32Array, from: number, end: number): void {
  for (let i = from + 1; i < end; i++) {
    const time = words[2 * i]
    const entry = words[2 * i + 1]
    let to = i
    for (; to > from && words[2 * (to - 1)] > time; to--) words.copyWithin(2 * to, 2 * (to - 1), 2 * to)
    words[2 * to] = time
    words[2 * to + 1] = entry
  }
}
