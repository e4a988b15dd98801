/**
 * Which block comes next, where nobody said whether block 65535 is followed by 0 or by 1. Learnt at the first rollover,
 * once, and only from what cannot be a hole.
 */
import { blockOfSeq, seqNear } from '../packet/index.ts'

/** The last seq before the first rollover. */
const LAST_BLOCK = 65535

export class BlockOrder {
  /** What follows 65535; 0 until known, and always right for seq up to 65535. */
  rollover: 0 | 1
  #known: boolean
  /** This sender may have sent blocks that we did not ask for yet: a window was agreed, or such a block came. */
  #runsAhead: boolean
  #oneRefused = false

  constructor(rollover: 0 | 1 | 'any', windowsize: number) {
    this.rollover = rollover === 1 ? 1 : 0
    this.#known = rollover !== 'any'
    this.#runsAhead = windowsize > 1
  }

  /** Whether wire block `block` follows `stored`. */
  isNext(block: number, stored: number): boolean {
    if (this.#known || stored !== LAST_BLOCK) return block === blockOfSeq(stored + 1, this.rollover)
    if (block === 0) this.#known = true
    else if (block === 1) this.#weighOne()
    return this.#known
  }

  /** The seq of a block that is not the next; blocks beyond `stored` betray a sender that runs ahead. */
  seqOf(block: number, stored: number): number {
    const seq = seqNear(block, stored, this.rollover)
    const undecided = !this.#known && stored === LAST_BLOCK && block === 1
    if (seq > stored && !undecided) this.#runsAhead = true
    return seq
  }

  /**
   * Block 1 right after 65535: the next one when this sender rolls over to 1, one too far (and 0 lost) when to 0. A sender
   * that runs ahead is therefore never believed: it goes on with 0 or not at all. A lock-step one cannot have sent 0 and
   * 1 without our ACK between them; it is believed the second time, in case it only pretended to be lock-step so far.
   */
  #weighOne(): void {
    if (this.#runsAhead) return
    if (this.#oneRefused) {
      this.rollover = 1
      this.#known = true
    }
    this.#oneRefused = true
  }
}
