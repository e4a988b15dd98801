/**
 * Which block comes next, where neither side said whether block 65535 is followed by 0 or by 1. Learnt at the first rollover,
 * once, and only from what cannot be a hole.
 */
import { blockOfSeq, seqNear } from '../packet/index.ts'

/** The last seq before the first rollover. */
const LAST_BLOCK = 65535

/** What the receiver knows of a block 1 that arrives right after 65535. */
export interface Evidence {
  /** Its payload is that of the first block 1 of the transfer: it may be a late copy. */
  readonly isCopy: boolean
  /** Our ACK of 65535 was repeated since the last such block, and this one may be the answer. */
  readonly askedAgain: boolean
}

export class BlockOrder {
  /** What follows 65535; 0 until known, and always right for seq up to 65535. */
  rollover: 0 | 1
  #known: boolean
  readonly #sizeKnown: boolean
  /** This sender may have sent blocks that we did not ask for yet: a window was agreed, or such a block came. */
  #runsAhead: boolean
  #oneRefused = false

  /** `sizeKnown`: a transfer of another size than announced fails, so that a block which is left out is noticed in the end. */
  constructor(rollover: 0 | 1 | 'any', windowsize: number, sizeKnown: boolean) {
    this.rollover = rollover === 1 ? 1 : 0
    this.#known = rollover !== 'any'
    this.#runsAhead = windowsize > 1
    this.#sizeKnown = sizeKnown
  }

  /** Whether the next block is the one whose number says what follows 65535. */
  isUndecided(stored: number): boolean {
    return !this.#known && stored === LAST_BLOCK
  }

  /** Whether wire block `block` follows `stored`. `evidence` is needed for a block 1 where that `isUndecided`. */
  isNext(block: number, stored: number, evidence: Evidence | undefined): boolean {
    if (!this.isUndecided(stored)) return block === blockOfSeq(stored + 1, this.rollover)
    if (block === 0) this.#known = true
    else if (block === 1 && evidence !== undefined && this.#isFirstAfterRollover(evidence)) {
      this.rollover = 1
      this.#known = true
    }
    return this.#known
  }

  /** The seq of a block that is not the next; blocks beyond `stored` betray a sender that runs ahead. */
  seqOf(block: number, stored: number): number {
    const seq = seqNear(block, stored, this.rollover)
    if (seq > stored && !(this.isUndecided(stored) && block === 1)) this.#runsAhead = true
    return seq
  }

  /**
   * Block 1 right after 65535: the next one when this sender rolls over to 1, one too far (and 0 lost) when to 0. A lock-step
   * sender cannot have sent 0 and 1 without our ACK between them, so 1 is the next, unless it is a late copy of the first
   * block: what has that one's bytes must come once more, after our ACK was repeated. A sender that runs ahead must say 1 twice
   * in the same way, and is believed only where the announced size would betray the hole.
   */
  #isFirstAfterRollover({ isCopy, askedAgain }: Evidence): boolean {
    if (!this.#runsAhead && !isCopy) return true
    if (this.#runsAhead && !this.#sizeKnown) return false
    if (this.#oneRefused && askedAgain) return true
    this.#oneRefused = true
    return false
  }
}
