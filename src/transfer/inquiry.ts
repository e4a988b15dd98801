/** Asks the questions of rule A1 about a gap, one datagram at a time; what the answers prove is order.ts's business. */
import { type FlowParts, RUN_AHEAD } from './flow.ts'
import type { OrderFinder } from './order.ts'
import { nearWrap } from './outbox.ts'
import type { Scoreboard } from './scoreboard.ts'

/** A gap that survived so many repeats is asked about. */
const GAP_REPEATS = 3

/** What an inquiry sees and does of the window with the gap. */
export interface GapWindow {
  readonly parts: FlowParts
  readonly board: Scoreboard
  readonly order: OrderFinder
  /** The lowest unacknowledged block: the gap. */
  readonly base: number
  /** The lowest block that never left in its turn. */
  next: number
  /** The highest acknowledged block. */
  readonly top: number
  /** Blocks that may be outstanding. */
  readonly window: number
  repeat(now: number, seq: number): void
}

export class Inquiry {
  readonly #flow: GapWindow
  readonly #sentUnasked: () => void

  /** `sentUnasked` hears when a block left that the client cannot expect yet. */
  constructor(flow: GapWindow, sentUnasked: () => void) {
    this.#flow = flow
    this.#sentUnasked = sentUnasked
  }

  /** A gap survived its repeats, and nothing is known of the client's order yet. */
  get isDue(): boolean {
    const { base, top, order, board } = this.#flow
    return base < top && order.order === 'unknown' && board.repeats(base) >= GAP_REPEATS
  }

  /** One question; the answers come as ACKs. */
  ask(now: number): void {
    const flow = this.#flow
    const { outbox } = flow.parts
    let question = flow.order.nextQuestion()
    if (flow.order.order === 'inorder') return
    // What ran ahead and was not acknowledged has to arrive first.
    if (question === 'ahead' && (flow.next > flow.top + 1 || !this.#mayLeave(flow.top + 2))) question = 'more'
    if (question === 'more') {
      if (flow.next > flow.top + 1) flow.repeat(now, flow.top + 1)
      else if (this.#mayLeave(flow.next)) outbox.run(now, flow.next++, 1, true)
      else question = 'gap'
    } else if (question === 'ahead') {
      outbox.once(now, flow.top + 2)
      this.#sentUnasked()
    }
    if (question === 'gap') flow.repeat(now, flow.base)
    else if (question === 'top' || question === 'top-again') flow.repeat(now, flow.top)
    flow.order.asked(now, question)
  }

  /** Never the final block, never far beyond the gap, never at a wrap. */
  #mayLeave(seq: number): boolean {
    const { base, window, parts } = this.#flow
    const { lastSeq, rollover } = parts.config
    return seq < lastSeq && seq < base + window + RUN_AHEAD && !nearWrap(seq, rollover)
  }
}
