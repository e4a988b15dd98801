/**
 * The packets of one transfer, 32 bytes each, in one piece of memory that grows with them up to a bound. When it is full it is thinned.
 *
 *     words 0, 1   time since the transfer began: whole milliseconds, signed, and nanoseconds
 *     word 2       number of the frame                        word 5   bytes of the frame
 *     word 3       seq                                        word 6   bits 0..7 flags, 8..11 kind, 12 from the client, 16..31 sum
 *     word 4       high half: block, low half: payload bytes  word 7   packets left out before it
 */
import { type CapturedPackets, PACKET_FLAG, PACKET_KIND, type PacketKind } from '../contract.ts'

const WORDS = 8
/** Sixty-four bytes: so little is not worth memory of its own, and most flows of a flood have one packet. */
const FIRST_CAPACITY = 2
const MAX_SEQ = 0xffff_ffff
/** 24 days: what is later is as late. */
const MAX_MS = 0x7fff_ffff
/** In a millisecond. */
const NANOS = 1_000_000
const NO_WORDS = new Uint32Array(0)
const FROM_CLIENT = 1 << 12
const KIND_SHIFT = 8
const FLAGS_MASK = 0xff
/** Packets that are kept on either side of a long silence. */
const AROUND = 4
/** Enough for a median. */
const MOST_GAPS = 200
/** Packets that a frame is behind its place in the file: cards with several queues hand them on in small lots. */
const MOST_BACK = 64
const KINDS = Object.keys(PACKET_KIND) as PacketKind[]

/** Packets that all transfers together may keep: see `PacketLog.append`. */
export interface PacketBudget {
  /** The most that one transfer keeps at present. */
  most: number
}

export class PacketLog implements CapturedPackets {
  length = 0
  seen = 0
  readonly #budget: PacketBudget
  #words = NO_WORDS

  constructor(budget: PacketBudget) {
    this.#budget = budget
  }

  /** Adds a packet. `frameBytes` 0 for not known. When the budget is reached, packets in the middle go first: see `CapturedPackets`. */
  append(
    number: number,
    timeMs: number,
    fromClient: boolean,
    kind: number,
    block: number,
    seq: number,
    payloadBytes: number,
    flags: number,
    frameBytes: number,
  ): void {
    this.seen++
    if (this.length >= this.#budget.most) this.#thin(this.#budget.most)
    if ((this.length + 1) * WORDS > this.#words.length) this.#resize(Math.max(FIRST_CAPACITY, 2 * this.length))
    const at = this.length++ * WORDS
    const w = this.#words
    w[at + 2] = number
    w[at + 3] = Math.min(seq, MAX_SEQ)
    w[at + 4] = ((block << 16) | Math.min(payloadBytes, 0xffff)) >>> 0
    w[at + 5] = frameBytes
    w[at + 6] = flags | (kind << KIND_SHIFT) | (fromClient ? FROM_CLIENT : 0)
    w[at + 7] = 0
    this.#setTime(this.length - 1, timeMs)
  }

  #setTime(i: number, timeMs: number): void {
    const wholeMs = Math.max(-MAX_MS, Math.min(MAX_MS, Math.floor(timeMs)))
    this.#words[i * WORDS] = wholeMs
    this.#words[i * WORDS + 1] = Math.min(NANOS - 1, Math.max(0, Math.round((timeMs - wholeMs) * NANOS)))
  }

  timeMs(i: number): number {
    const at = i * WORDS
    return (this.#words[at] | 0) + this.#words[at + 1] / NANOS
  }

  number(i: number): number {
    return this.#words[i * WORDS + 2]
  }

  seq(i: number): number {
    return this.#words[i * WORDS + 3]
  }

  block(i: number): number {
    return this.#words[i * WORDS + 4] >>> 16
  }

  payloadBytes(i: number): number {
    return this.#words[i * WORDS + 4] & 0xffff
  }

  frameBytes(i: number): number {
    return this.#words[i * WORDS + 5]
  }

  payloadSum(i: number): number {
    return this.#words[i * WORDS + 6] >>> 16
  }

  flags(i: number): number {
    return this.#words[i * WORDS + 6] & FLAGS_MASK
  }

  kind(i: number): PacketKind {
    return KINDS[this.kindNumber(i) - 1]
  }

  /** One of PACKET_KIND. */
  kindNumber(i: number): number {
    return (this.#words[i * WORDS + 6] >>> KIND_SHIFT) & 15
  }

  fromClient(i: number): boolean {
    return (this.#words[i * WORDS + 6] & FROM_CLIENT) !== 0
  }

  thinnedBefore(i: number): number {
    return this.#words[i * WORDS + 7]
  }

  /** Changes the seq of a packet: rollover to 1 is known only when the transfer has gone on for a while. */
  setSeq(i: number, seq: number): void {
    this.#words[i * WORDS + 3] = seq
  }

  /** Sets and clears flags of a packet. */
  setFlags(i: number, set: number, clear: number): void {
    this.#words[i * WORDS + 6] = (this.#words[i * WORDS + 6] | set) & ~clear
  }

  /** Of the packet that was added last. */
  setPayloadSum(sum: number): void {
    this.#words[(this.length - 1) * WORDS + 6] |= sum << 16
  }

  /** Makes `count` rows of the one at `i`, a datagram of as many DATA packets with the seqs from its own on. */
  split(i: number, count: number, payloadBytes: number, frameBytes: number): void {
    const more = count - 1
    if (this.length + more > this.#budget.most) return
    if ((this.length + more) * WORDS > this.#words.length) this.#resize(2 * (this.length + more))
    const w = this.#words
    w.copyWithin((i + count) * WORDS, (i + 1) * WORDS, this.length * WORDS)
    for (let n = 0; n < count; n++) {
      const at = (i + n) * WORDS
      w.copyWithin(at, i * WORDS, (i + 1) * WORDS)
      w[at + 3] = Math.min(w[i * WORDS + 3] + n, MAX_SEQ)
      const block = ((w[i * WORDS + 4] >>> 16) + n) & 0xffff
      w[at + 4] = ((block << 16) | payloadBytes) >>> 0
      w[at + 5] = frameBytes
      // The sum of all of them is none of one.
      w[at + 6] = (w[at + 6] & 0xffff) | PACKET_FLAG.segment
      // What was left out stands before the first one.
      if (n > 0) w[at + 7] = 0
    }
    this.length += more
    this.seen += more
  }

  setFrameBytes(i: number, bytes: number): void {
    this.#words[i * WORDS + 5] = bytes
  }

  /** The last packet with this number of a frame; -1 when it was thinned out. Numbers never go back. */
  find(number: number): number {
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.number(middle) <= number) low = middle + 1
      else high = middle
    }
    return low > 0 && this.number(low - 1) === number ? low - 1 : -1
  }

  /** Puts packets whose times go back by less than `mostMs` in their order: their numbers do not rise any more, and `find` is over. */
  sort(mostMs: number): void {
    const w = this.#words
    const row = new Uint32Array(WORDS)
    for (let i = 1; i < this.length; i++) {
      const ms = this.timeMs(i)
      let to = i
      // What was left out stands before its packet.
      while (to > 0 && i - to < MOST_BACK && this.thinnedBefore(to) === 0 && this.#isBehind(to - 1, ms, mostMs)) to--
      if (to === i) continue
      row.set(w.subarray(i * WORDS, (i + 1) * WORDS))
      w.copyWithin((to + 1) * WORDS, to * WORDS, i * WORDS)
      w.set(row, to * WORDS)
    }
  }

  /** Where times go back they go on after the usual time between two such packets. Returns how much was added at the end. */
  goOn(): number {
    let addedMs = 0
    let lastMs = -Infinity
    for (let i = 0; i < this.length; i++) {
      const ms = this.timeMs(i)
      if (ms + addedMs < lastMs) addedMs = lastMs + this.#usualGapMs(i) - ms
      lastMs = ms + addedMs
      if (addedMs > 0) this.#setTime(i, lastMs)
    }
    return addedMs
  }

  /** Between a packet and the one before it, of the same two sides as those at `at`; 0 without any. */
  #usualGapMs(at: number): number {
    const gaps: number[] = []
    // Odd, as packets of a transfer in lock-step alternate.
    const step = Math.floor(this.length / MOST_GAPS) | 1
    for (let i = 1; i < this.length; i += step) {
      const isAlike =
        this.fromClient(i) === this.fromClient(at) && this.fromClient(i - 1) === this.fromClient(Math.max(0, at - 1))
      const ms = this.timeMs(i) - this.timeMs(i - 1)
      if (isAlike && ms >= 0) gaps.push(ms)
    }
    return gaps.sort((a, b) => a - b)[gaps.length >>> 1] ?? 0
  }

  #isBehind(i: number, ms: number, mostMs: number): boolean {
    const backMs = this.timeMs(i) - ms
    return backMs > 0 && backMs < mostMs
  }

  #resize(capacity: number): void {
    const words = new Uint32Array(capacity * WORDS)
    words.set(this.length * WORDS < this.#words.length ? this.#words.subarray(0, this.length * WORDS) : this.#words)
    this.#words = words
  }

  /** Leaves out packets until at most half of `most` are left. */
  #thin(most: number): void {
    const keep = this.#worthKeeping(most)
    const w = this.#words
    let to = 0
    let leftOut = 0
    for (let i = 0; i < this.length; i++) {
      if (keep[i] === 0) {
        leftOut += 1 + w[i * WORDS + 7]
        continue
      }
      w.copyWithin(to * WORDS, i * WORDS, (i + 1) * WORDS)
      w[to * WORDS + 7] += leftOut
      leftOut = 0
      to++
    }
    this.length = to
    if (w.length > most * WORDS) this.#resize(most)
  }

  /**
   * One byte for each packet, 1 to keep it: the first 1/16 and the last 1/8 of `most`, what is around the longest silences (1/8), and of what
   * is not regular (requests, ERRORs, repeats) an even choice of 1/8.
   */
  #worthKeeping(most: number): Uint8Array {
    const n = this.length
    const keep = new Uint8Array(n).fill(1, 0, most >>> 4).fill(1, Math.max(0, n - (most >>> 3)))
    const gaps = new Float64Array(Math.max(0, n - 1))
    // Where packets were left out is no silence.
    for (let i = 1; i < n; i++) gaps[i - 1] = this.thinnedBefore(i) > 0 ? 0 : this.timeMs(i) - this.timeMs(i - 1)
    const limit = gaps.toSorted()[Math.max(0, gaps.length - (most >>> 6))] ?? Infinity
    for (let i = 1; i < n; i++) if (gaps[i - 1] > limit) keep.fill(1, Math.max(0, i - AROUND), i + AROUND)
    let irregular = 0
    for (let i = 0; i < n; i++) if (this.#isIrregular(i)) irregular++
    const every = Math.ceil(irregular / (most >>> 3))
    for (let i = 0, nth = 0; i < n; i++) if (this.#isIrregular(i) && nth++ % every === 0) keep[i] = 1
    return keep
  }

  #isIrregular(i: number): boolean {
    const kind = this.kindNumber(i)
    return (kind !== PACKET_KIND.data && kind !== PACKET_KIND.ack) || (this.flags(i) & ~PACKET_FLAG.segment) !== 0
  }
}
