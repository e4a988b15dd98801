/**
 * How far an anticipated window may really run ahead. A client that takes blocks in order drops everything behind a lost
 * one, so a wide window on a lossy link is mostly sent twice (rule A11 sees that only after 200 blocks).
 */

/** At least this many retransmissions at once mean that the client dropped the blocks (go-back-N), not that the link lost them one by one. A window of two cannot tell. */
const DROPPED_TOGETHER = 2
const LEAST_WINDOW = 2
/** Blocks without such a drop that let the window grow by one again. */
const CLEAN_BLOCKS = 64

export class AheadLimit {
  #limit = Infinity
  #clean = 0

  /** Blocks that may be outstanding where the policy allows `windowBlocks`. */
  limit(windowBlocks: number): number {
    return Math.min(windowBlocks, this.#limit)
  }

  acked(): void {
    if (++this.#clean < CLEAN_BLOCKS) return
    this.#clean = 0
    this.#limit++
  }

  /** `blocks` had to be sent again at once, out of a window of `windowBlocks`. */
  resent(blocks: number, windowBlocks: number): void {
    if (blocks < DROPPED_TOGETHER || windowBlocks <= LEAST_WINDOW) return
    this.#clean = 0
    this.#limit = Math.max(LEAST_WINDOW, windowBlocks >> 1)
  }
}
