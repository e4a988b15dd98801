/**
 * The compact trace of a transfer: its last packets, eight bytes each. One format for the history and the diagnosis.
 *
 *     word 0   time since the request, in units of 1/64 ms; the largest value stands for everything later (18 hours)
 *     word 1   bit 31: 1 sent, 0 received    bits 28..30: kind    bits 0..27: number
 *
 * The number is the seq of DATA that was sent, the 16 bits on the wire of what was received and of an ACK that was sent, the code of
 * an ERROR, and the opcode of a request. A run of blocks that left together is two entries: its first block, and a `through` with its last.
 */
import { HEADER_BYTES, OPCODE } from '../packet/index.ts'

/** What an entry stands for. `through`: the blocks behind the entry before it, up to this one. */
export const TRACE_KIND = { other: 0, data: 1, ack: 2, error: 3, oack: 4, through: 5, request: 6 } as const

export interface TraceEntry {
  /** Since the request. */
  readonly ms: number
  readonly sent: boolean
  readonly kind: keyof typeof TRACE_KIND
  readonly number: number
}

/** Entries that every transfer keeps: the last few round trips. A power of two, as rings are indexed with a mask. */
export const SHORT_ENTRIES = 32
/** Entries of a transfer from its first repeat on: enough to show what led to each of its stalls. A power of two. */
export const LONG_ENTRIES = 4096
/** Long traces at the same time, 32 KB each: when many stall together, the first ones tell why. */
const MOST_LONG = 64
/** The others are left for transfers that stall. */
const MOST_LONG_FOR_REPEATS = 32
const TICKS_PER_MS = 64
const MAX_TICKS = 0xffff_ffff
const NUMBER_MASK = 0x0fff_ffff
/** Slots of one piece of memory, 32 KB: more transfers take more pieces, and nothing is copied. */
const PIECE_SHIFT = 7
const PIECE_SLOTS = 1 << PIECE_SHIFT

/** The traces of many transfers, by slot. Nothing is allocated for a packet. */
export class Traces {
  /** The short traces, PIECE_SLOTS to a piece. */
  readonly #pieces: Uint32Array[] = []
  /** Entries written, by slot. */
  #written: number[] = []
  readonly #long: (Uint32Array | undefined)[] = []
  readonly #free: Uint32Array[] = []
  #longInUse = 0
  /** The highest block that was sent, by slot. */
  readonly #highest: number[] = []

  /** A transfer takes `slot`. */
  begin(slot: number): void {
    while (this.#pieces.length * PIECE_SLOTS <= slot)
      this.#pieces.push(new Uint32Array(PIECE_SLOTS * SHORT_ENTRIES * 2))
    this.#written[slot] = 0
    this.#highest[slot] = -1
    // Slots begin in order. A first write far behind the end would turn this array, read for each packet, into a hash table.
    this.#long[slot] = undefined
  }

  /** The request that began the transfer arrived, for the first time or again. */
  requested(slot: number, ms: number, opcode: number): void {
    this.#add(slot, ms, TRACE_KIND.request, opcode)
  }

  /** `ms` is the time since the request. A transfer that repeats a block keeps a long trace from then on, where one is left for it. */
  sentBlocks(slot: number, ms: number, first: number, count: number): void {
    const highest = this.#highest[slot]
    if (first <= highest && this.#longInUse < MOST_LONG_FOR_REPEATS) this.extend(slot)
    if (first + count > highest) this.#highest[slot] = first + count - 1
    this.#add(slot, ms, TRACE_KIND.data | 8, first)
    if (count > 1) this.#add(slot, ms, TRACE_KIND.through | 8, first + count - 1)
  }

  sentControl(slot: number, ms: number, buffer: Uint8Array, length: number): void {
    this.#addPacket(slot, ms, 8, buffer, 0, length)
  }

  received(slot: number, ms: number, buffer: Uint8Array, offset: number, length: number): void {
    this.#addPacket(slot, ms, 0, buffer, offset, length)
  }

  /** The transfer stalled: from now on it keeps a long trace, where one is left. */
  extend(slot: number): void {
    if (this.#long[slot] !== undefined || this.#longInUse === MOST_LONG) return
    const long = this.#free.pop() ?? new Uint32Array(LONG_ENTRIES * 2)
    const kept = this.copy(slot)
    long.set(kept)
    this.#written[slot] = kept.length / 2
    this.#long[slot] = long
    this.#longInUse++
  }

  /** The entries of `slot`, the oldest first: see `readTrace`. */
  copy(slot: number): Uint32Array {
    const long = this.#long[slot]
    const from = long === undefined ? (slot & (PIECE_SLOTS - 1)) * SHORT_ENTRIES * 2 : 0
    const entries = long === undefined ? SHORT_ENTRIES : LONG_ENTRIES
    const ring = (long ?? this.#pieceOf(slot)).subarray(from, from + entries * 2)
    const written = this.#written[slot] ?? 0
    if (written <= entries) return ring.slice(0, written * 2)
    const at = (written % entries) * 2
    const copy = new Uint32Array(entries * 2)
    copy.set(ring.subarray(at))
    copy.set(ring.subarray(0, at), ring.length - at)
    return copy
  }

  /** The transfer lets go of `slot`. */
  end(slot: number): void {
    const long = this.#long[slot]
    this.#written[slot] = 0
    if (long === undefined) return
    this.#long[slot] = undefined
    this.#free.push(long)
    this.#longInUse--
  }

  #pieceOf(slot: number): Uint32Array {
    return this.#pieces[slot >>> PIECE_SHIFT]
  }

  /** Its opcode and the two bytes behind that are read in place: this is done for every packet of every transfer. */
  #addPacket(slot: number, ms: number, sent: 0 | 8, buffer: Uint8Array, offset: number, length: number): void {
    if (length < HEADER_BYTES) return this.#add(slot, ms, TRACE_KIND.other | sent, 0)
    const kind = buffer[offset] === 0 ? (KIND_OF_OPCODE[buffer[offset + 1]] ?? TRACE_KIND.other) : TRACE_KIND.other
    this.#add(slot, ms, kind | sent, (buffer[offset + 2] << 8) | buffer[offset + 3])
  }

  #add(slot: number, ms: number, kind: number, number: number): void {
    const long = this.#long[slot]
    const written = this.#written[slot]++
    const words = long ?? this.#pieceOf(slot)
    const at =
      long === undefined
        ? ((slot & (PIECE_SLOTS - 1)) * SHORT_ENTRIES + (written & (SHORT_ENTRIES - 1))) * 2
        : (written & (LONG_ENTRIES - 1)) * 2
    words[at] = Math.min(MAX_TICKS, ms * TICKS_PER_MS)
    words[at + 1] = ((kind << 28) | (number & NUMBER_MASK)) >>> 0
  }
}

const KIND_OF_OPCODE: readonly (number | undefined)[] = opcodeTable()

function opcodeTable(): number[] {
  const table: number[] = []
  table[OPCODE.data] = TRACE_KIND.data
  table[OPCODE.ack] = TRACE_KIND.ack
  table[OPCODE.error] = TRACE_KIND.error
  table[OPCODE.oack] = TRACE_KIND.oack
  return table
}

const KINDS = Object.keys(TRACE_KIND) as (keyof typeof TRACE_KIND)[]

/** Reads what `Traces.copy` returned. */
export function readTrace(words: Uint32Array): TraceEntry[] {
  return Array.from({ length: words.length / 2 }, (_, i) => {
    const [ticks, rest] = [words[2 * i], words[2 * i + 1]]
    return {
      ms: ticks / TICKS_PER_MS,
      sent: rest >>> 31 === 1,
      kind: KINDS[(rest >>> 28) & 7] ?? 'other',
      number: rest & NUMBER_MASK,
    }
  })
}
