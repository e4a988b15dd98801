/** Which blocks were seen as DATA and which were named by ACKs: two bits for each, in pages that are made when a block falls into them. */
import { type BlockRanges, MAX_BLOCKS, MAX_RANGES } from '../contract.ts'

const PAGE_BLOCKS = 1024
const PAGE_WORDS = PAGE_BLOCKS / 32

/** Pages that all transfers together may make: 300 bytes each, 64 million blocks in all. */
export const MAX_PAGES = 65_536

export interface PageBudget {
  left: number
}

interface Page {
  readonly sent: Uint32Array
  readonly acked: Uint32Array
}

/** Blocks are counted by `index`: their wire number and 65,536 for each rollover before, whatever follows 65535. */
export class BlockTally {
  readonly #budget: PageBudget
  readonly #pages: (Page | undefined)[] = []
  /** The lowest block that could not be counted. */
  uncountedFrom = Infinity

  constructor(budget: PageBudget) {
    this.#budget = budget
  }

  /** True when the block was not marked before. */
  markSent(index: number): boolean {
    const page = this.#page(index)
    return page !== undefined && mark(page.sent, index)
  }

  markAcked(index: number): boolean {
    const page = this.#page(index)
    return page !== undefined && mark(page.acked, index)
  }

  wasSent(index: number): boolean {
    const page = this.#pages[Math.floor(index / PAGE_BLOCKS)]
    return page !== undefined && isMarked(page.sent, index)
  }

  wasAcked(index: number): boolean {
    const page = this.#pages[Math.floor(index / PAGE_BLOCKS)]
    return page !== undefined && isMarked(page.acked, index)
  }

  /** Whether blocks around this one are counted. */
  hasPage(index: number): boolean {
    return this.#pages[Math.floor(index / PAGE_BLOCKS)] !== undefined
  }

  /** The last block that shares a page with this one. */
  pageEnd(index: number): number {
    return index - (index % PAGE_BLOCKS) + PAGE_BLOCKS - 1
  }

  /** The budget gets the pages back. The marks stay readable. */
  close(): void {
    this.#pages.forEach(() => this.#budget.left++)
  }

  #page(index: number): Page | undefined {
    const at = Math.floor(index / PAGE_BLOCKS)
    const found = this.#pages[at]
    if (found !== undefined) return found
    if (index >= MAX_BLOCKS || this.#budget.left === 0) {
      this.uncountedFrom = Math.min(this.uncountedFrom, index)
      return undefined
    }
    this.#budget.left--
    const page = { sent: new Uint32Array(PAGE_WORDS), acked: new Uint32Array(PAGE_WORDS) }
    this.#pages[at] = page
    return page
  }
}

function mark(words: Uint32Array, index: number): boolean {
  const word = (index % PAGE_BLOCKS) >>> 5
  const bit = 1 << (index & 31)
  if ((words[word] & bit) !== 0) return false
  words[word] |= bit
  return true
}

function isMarked(words: Uint32Array, index: number): boolean {
  return (words[(index % PAGE_BLOCKS) >>> 5] & (1 << (index & 31))) !== 0
}

/** Collects blocks, in rising order, as ranges. */
export class RangeCollector {
  count = 0
  readonly #ranges: { first: number; last: number }[] = []

  add(first: number, last: number): void {
    this.count += last - first + 1
    const before = this.#ranges.at(-1)
    if (before !== undefined && before.last === first - 1) before.last = last
    else if (this.#ranges.length < MAX_RANGES) this.#ranges.push({ first, last })
  }

  get ranges(): BlockRanges {
    return { count: this.count, ranges: this.#ranges }
  }
}
