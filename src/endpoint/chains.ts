/** Lists of slots, oldest first, where any member leaves in O(1): links in typed arrays, heads in small objects. */

const FIRST_CAPACITY = 64

/** The head of one list. */
export interface Chain {
  oldest: number
  newest: number
  length: number
}

export function emptyChain(): Chain {
  return { oldest: -1, newest: -1, length: 0 }
}

/** The links of all chains of one kind: a slot is in one of them at most. */
export class Links {
  #older = new Int32Array(FIRST_CAPACITY)
  #newer = new Int32Array(FIRST_CAPACITY)

  append(chain: Chain, slot: number): void {
    if (slot >= this.#older.length) this.#grow(slot + 1)
    this.#older[slot] = chain.newest
    this.#newer[slot] = -1
    if (chain.newest < 0) chain.oldest = slot
    else this.#newer[chain.newest] = slot
    chain.newest = slot
    chain.length++
  }

  /** Who came next after `slot`, -1 after the newest. */
  after(slot: number): number {
    return this.#newer[slot]
  }

  /** `slot` must be in `chain`. */
  remove(chain: Chain, slot: number): void {
    const older = this.#older[slot]
    const newer = this.#newer[slot]
    if (older < 0) chain.oldest = newer
    else this.#newer[older] = newer
    if (newer < 0) chain.newest = older
    else this.#older[newer] = older
    chain.length--
  }

  #grow(atLeast: number): void {
    let capacity = this.#older.length
    while (capacity < atLeast) capacity *= 2
    const older = new Int32Array(capacity)
    older.set(this.#older)
    this.#older = older
    const newer = new Int32Array(capacity)
    newer.set(this.#newer)
    this.#newer = newer
  }
}
