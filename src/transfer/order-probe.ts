/** Asks the questions of rule A1 about a gap, one datagram at a time; what the answers prove is order.ts's business. */
import { type FlowParts, RUN_AHEAD } from './flow.ts'
import type { OrderFinder } from './order.ts'
import { nearWrap } from './pacer.ts'
import type { Scoreboard } from './scoreboard.ts'

/** A gap that survived this many repeats is asked about. */
const GAP_REPEATS = 3

/** What the probe sees and does of the window with the gap. */
interface GapWindow {
  readonly parts: FlowParts
  readonly board: Scoreboard
  readonly order: OrderFinder
  /** The lowest unacknowledged block: the gap. */
  readonly firstUnacked: number
  /** The lowest block that never left in its turn. */
  nextToSend: number
  /** The highest acknowledged block. */
  readonly highestAcked: number
  /** Blocks that may be outstanding. */
  readonly window: number
  repeat(now: number, seq: number): void
}

export class OrderProbe {
  readonly #flow: GapWindow
  readonly #sentUnasked: () => void

  /** `sentUnasked` is called when a block left that the client cannot expect yet. */
  constructor(flow: GapWindow, sentUnasked: () => void) {
    this.#flow = flow
    this.#sentUnasked = sentUnasked
  }

  /** A gap survived its repeats, and nothing is known of the client's order yet. */
  get isDue(): boolean {
    const { firstUnacked, highestAcked, order, board } = this.#flow
    return firstUnacked < highestAcked && order.order === 'unknown' && board.repeats(firstUnacked) >= GAP_REPEATS
  }

  /** One question; the answers come as ACKs. */
  ask(now: number): void {
    const flow = this.#flow
    const { pacer } = flow.parts
    let question = flow.order.nextQuestion()
    if (flow.order.order === 'inorder') return
    // What ran ahead and was not acknowledged has to arrive first.
    if (question === 'ahead' && (flow.nextToSend > flow.highestAcked + 1 || !this.#mayLeave(flow.highestAcked + 2)))
      question = 'more'
    if (question === 'more') {
      if (flow.nextToSend > flow.highestAcked + 1) flow.repeat(now, flow.highestAcked + 1)
      else if (this.#mayLeave(flow.nextToSend)) pacer.run(now, flow.nextToSend++, 1, true)
      else question = 'gap'
    } else if (question === 'ahead') {
      pacer.once(now, flow.highestAcked + 2)
      this.#sentUnasked()
    }
    if (question === 'gap') flow.repeat(now, flow.firstUnacked)
    else if (question === 'top' || question === 'top-again') flow.repeat(now, flow.highestAcked)
    flow.order.asked(now, question)
  }

  /** Never the final block, never far beyond the gap, never at a wrap. */
  #mayLeave(seq: number): boolean {
    const { firstUnacked, window, parts } = this.#flow
    const { lastSeq, rollover } = parts.config
    return seq < lastSeq && seq < firstUnacked + window + RUN_AHEAD && !nearWrap(seq, rollover)
  }
}
