/**
 * Rule A1: does the client take blocks in any order, so that an ACK proves one block only, or in order, so that it proves all
 * before it? Only a client proved to be `inorder` may be read cumulatively; a wrong guess would ship an image with a hole.
 *
 * A block that survives several repeats while a later one is acknowledged is asked about, one datagram at a time:
 * - `gap`: the missing block. A client that stores any block acknowledges it; only one that counts in order names the top.
 * - `top` twice: the highest acknowledged block. A client that is silent on repeats answers at most the first of the two.
 * - `ahead`: the block two beyond the top, never the final one. ACK of it means `any`; ACK of the top means in order.
 * - `more` asks nothing: the next block leaves and makes a new top, for clients that answer once per position only.
 */

export type ClientOrder = 'unknown' | 'any' | 'inorder'
export type Question = 'none' | 'gap' | 'top' | 'top-again' | 'ahead' | 'more'

/** So many proofs in a row make `inorder`: one, or three, may be accidents of the device's transmitter. */
const PROOFS = 6
/**
 * A device that was seen to send an old ACK for no reason may send one in answer to a question as well: up to four in ten of
 * its answers would be false proofs, so it takes many more in a row.
 */
const PROOFS_AFTER_STALE = 14

/** A client's own timer repeats its last ACK after a second at the least; later than this an ACK proves nothing. */
const PROOF_WITHIN_MS = 600

export class OrderFinder {
  order: ClientOrder = 'unknown'
  /** What was asked last, as long as an answer to it would prove something. */
  #question: Question = 'none'
  /** Where the round of questions stands. */
  #turn: Question = 'more'
  #askedAt = Number.NEGATIVE_INFINITY
  #topAnswered = false
  #proofs = 0
  #needed = PROOFS

  /** What to ask next about a gap below the top, in turn. */
  nextQuestion(): Question {
    switch (this.#turn) {
      case 'gap':
        return 'top'
      case 'top':
        return 'top-again'
      case 'top-again':
        return 'ahead'
      case 'ahead':
        return 'more'
      default:
        return 'gap'
    }
  }

  asked(now: number, question: Question): void {
    this.#question = question === 'more' ? 'none' : question
    this.#turn = question
    this.#askedAt = now
    if (question === 'top') this.#topAnswered = false
  }

  /** Something else left or arrived that makes the next answer ambiguous. */
  disturbed(): void {
    this.#question = 'none'
  }

  /** Evidence for `any` is for good: ACK n after a later one, or of a block whose predecessor was never sent. */
  provenAny(): void {
    this.order = 'any'
  }

  /** The client refused a block below its top with an ERROR: it looks at the order, so its top says that all before is there. */
  provenInorder(): void {
    if (this.order === 'unknown') this.order = 'inorder'
  }

  /** An ACK of the top block arrived again: `windowMs` is how late it may be to be an answer, `progressAt` when something new was acknowledged last. */
  topHeard(now: number, windowMs: number, progressAt: number): void {
    if (this.order !== 'unknown' || this.#question === 'none') return
    if (now - this.#askedAt > windowMs || now - progressAt > PROOF_WITHIN_MS) return
    if (this.#question === 'top') {
      this.#topAnswered = true
      return
    }
    if (this.#question === 'top-again' && !this.#topAnswered) return
    // The best answer there is: on to the next top.
    if (this.#question === 'gap') this.#turn = 'ahead'
    this.#question = 'none'
    if (++this.#proofs >= this.#needed) this.order = 'inorder'
  }

  /** An old ACK arrived that nothing of ours can have caused. */
  staleSeen(): void {
    this.#needed = PROOFS_AFTER_STALE
  }
}
