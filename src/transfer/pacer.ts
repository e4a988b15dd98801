/**
 * What leaves a sender: counts every datagram, keeps copies and gaps apart in time (as deadlines, never as sleeps), and
 * knows which blocks are new. It decides nothing.
 */
import { blockOfSeq } from '../packet/index.ts'
import { COUNTER, type Counters, type SenderSink, type WindowPolicy } from './contract.ts'
import type { Scoreboard } from './scoreboard.ts'

const FILLER = new Uint8Array(1)

export class Pacer {
  /** The highest block that ever left. */
  highest = 0
  /** When the last DATA left. */
  lastAt = 0
  /** The block that was sent again last; 0 for none. */
  lastRepeat = 0
  /** DATA sent again for whatever reason: after one the final ACK alone is no proof (rule A13). */
  repeated = false
  readonly #sink: SenderSink
  readonly #policy: WindowPolicy
  readonly #counters: Counters
  readonly #board: Scoreboard | undefined
  /** The run that waits for its turn: blocks #paceSeq .. #paceEnd - 1, of the first one #paceCopy copies left already. */
  #paceSeq = 0
  #paceEnd = 0
  #paceCopy = 0
  /** Every block below this is confirmed. */
  #floor = 1
  /** Without a scoreboard: the block that was left out when the one after it left (rule N4); 0 for none. */
  #withheld = 0
  /** When the next datagram of the run may leave; Infinity when none waits. */
  dueAt = Infinity

  constructor(sink: SenderSink, policy: WindowPolicy, counters: Counters, board: Scoreboard | undefined) {
    this.#sink = sink
    this.#policy = policy
    this.#counters = counters
    this.#board = board
  }

  /** Sends blocks `first` .. `first + count - 1` with the policy's copies and gap; `plain` sends each once, at once (A5, A12). */
  run(now: number, first: number, count: number, plain: boolean): void {
    const { copies, gapMs } = this.#policy
    if (plain || (copies === 1 && gapMs === 0)) {
      this.#leave(now, first, count, false)
      return
    }
    if (this.dueAt !== Infinity && first === this.#paceEnd) {
      this.#paceEnd += count
      return
    }
    this.#paceSeq = first
    this.#paceEnd = first + count
    this.#paceCopy = 0
    const last = this.dueAt === Infinity ? this.lastAt + gapMs : this.dueAt
    this.dueAt = Math.max(now, this.highest === 0 ? now : last)
    this.pace(now, 0)
  }

  /** Sends what has become due of a paced run; copies of blocks up to `confirmed` are left out. */
  pace(now: number, confirmed: number): void {
    const { copies, gapMs } = this.#policy
    while (this.dueAt <= now) {
      const isCopy = this.#paceCopy > 0
      if (!isCopy || this.#paceSeq > confirmed) {
        this.#leave(now, this.#paceSeq, 1, isCopy)
        this.dueAt = now + gapMs
      }
      if (++this.#paceCopy >= copies) {
        this.#paceCopy = 0
        this.#paceSeq++
      }
      if (this.#paceSeq >= this.#paceEnd) this.dueAt = Infinity
    }
  }

  /** Forgets what still waits of a paced run. */
  drop(): void {
    this.dueAt = Infinity
  }

  /** Sends one block once, at once, out of turn. */
  once(now: number, seq: number): void {
    this.#leave(now, seq, 1, false)
  }

  /**
   * Sends one byte that no TFTP client takes for anything. A network card that shows a frame only when the next one arrives
   * lets go of the block that it holds, and nothing is repeated (rule A12, ADR 4).
   */
  sendFiller(now: number): void {
    this.#sink.sendControl(FILLER, FILLER.length)
    this.lastAt = now
  }

  /** The flow confirmed every block below `base`: sending one of them again is a repeat. */
  confirmedBelow(base: number): void {
    this.#floor = base
  }

  /** Copies that the policy asked for are counted as repeats on the wire, but are not held against the link. */
  #leave(now: number, first: number, count: number, isCopy: boolean): void {
    const counters = this.#counters
    this.#sink.sendBlocks(first, count)
    this.lastAt = now
    counters[COUNTER.datagrams] += count
    if (this.#board === undefined && first > this.highest + 1) this.#withheld = first - 1
    for (let seq = first; seq < first + count; seq++) {
      const repeat = isCopy || (seq <= this.highest && this.#wasSent(seq))
      // A confirmed block has no slot of its own any more.
      if (seq >= this.#floor && !isCopy) this.#board?.sent(now, seq)
      if (!isCopy) this.#policy.sent(now, seq, repeat)
      if (repeat) {
        counters[COUNTER.retransmitted]++
        this.repeated = true
        this.lastRepeat = seq
      } else {
        counters[COUNTER.blocks]++
        if (seq === this.#withheld) this.#withheld = 0
        if (seq > this.highest) this.highest = seq
      }
    }
  }

  /** A block below the highest may still be new: it was withheld (rules A1, N4). */
  #wasSent(seq: number): boolean {
    const board = this.#board
    if (board === undefined) return seq !== this.#withheld
    return seq < this.#floor || board.isSent(seq)
  }
}

/** Blocks on each side of a rollover that travel alone (rule A12). */
const WRAP_SIDE = 2

/** True for the two blocks on either side of a rollover of the 16-bit block number (rule A12). */
export function nearWrap(seq: number, rollover: 0 | 1): boolean {
  if (seq < 0x10000 - WRAP_SIDE) return false
  const block = blockOfSeq(seq, rollover)
  return block >= 0x10000 - WRAP_SIDE || block < rollover + WRAP_SIDE
}

/** True for the block that travels as number 0 after a rollover: U-Boot 1.1.x must not see it twice (rule A12). */
export function isWrapZero(seq: number, rollover: 0 | 1): boolean {
  return seq >= 0x10000 && blockOfSeq(seq, rollover) === 0
}

/** True for the last block before a rollover: iPXE takes a repeat of it for the last block of the next round. */
export function isBeforeWrap(seq: number, rollover: 0 | 1): boolean {
  return seq >= 0xffff && blockOfSeq(seq, rollover) === 0xffff
}
