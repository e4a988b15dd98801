/**
 * Rule A1: does the client take blocks in any order, so that an ACK proves one block only, or in order, so that it proves all
 * before it? Only a client proved to be `inorder` may be read cumulatively; a wrong guess would ship an image with a hole.
 *
 * A block that survives several repeats while a later one is acknowledged is asked about, one datagram at a time:
 * - `gap`: the missing block. A client that stores any block acknowledges it; one that counts in order names the highest acknowledged block. So does
 *   the former when its transmitter sends its last ACK instead of the new one; the next question tells those apart.
 * - `top`: the highest acknowledged block. A client that stores any block has just taken the missing one, so it answers. One
 *   that counts in order is silent, or answers this and every repeat.
 * - `top-again`, when it was answered: silent on repeats, or not? One that answers both is asked with `ahead` as well: a client that stores any block and
 *   acknowledges whatever comes takes that one; a client in order says nothing to it.
 * - `ahead`: the block two beyond the highest acknowledged block, never the final one. ACK of it means `any`; the highest acknowledged block named in answer is told apart by
 *   `top` again.
 * - `more` asks nothing: the next block leaves and makes a new top, for clients that answer once per position only.
 *
 * A client that drops all but the next block without a word names nothing. It is known by what it leaves unanswered: one that stores any block acknowledges
 * the missing block and the one two beyond, unless each of them or its answer is lost, and then the next block would hardly be answered every time.
 */

export type ClientOrder = 'unknown' | 'any' | 'inorder'
export type Question = 'none' | 'gap' | 'top' | 'top-again' | 'ahead' | 'more'

/** This many proofs make `inorder`: a single one may be an accident of the network or of the device's transmitter. */
const PROOFS = 5
/** The proofs needed of a device that was seen to send an old ACK which nothing of ours can have caused. */
const PROOFS_AFTER_STALE = 7

/** After this many questions in a row without an answer they leave faster, or as slowly as before. */
const UNANSWERED = 4

/** This many questions may be interrupted by new blocks, and the next UNINTERRUPTED are not, in turn, until something is proved. */
const INTERRUPTED = 9
const UNINTERRUPTED = 6

/** This many questions without a proof, then as many that leave in two copies, and so on: a power of two. */
const IN_VAIN = 32

/**
 * The proofs needed of a client that says nothing to `gap` and to `ahead` and acknowledges `more` at once. Where a share q of the questions and answers is lost,
 * one that stores any block does that with q²(1 - q), 0.15 at most: ten times once in two hundred million gaps, at the worst of all losses.
 */
const MUTE_PROOFS = 10
const MUTE_PROOFS_AFTER_STALE = 14

/** Proofs by two answers to repeats alone that are needed where no block may run ahead, at the end of a file. */
const PAIRS_AT_END = 10

/** A client that spoke once at its place and is silent since gets this many new blocks before the next question. */
const MOST_NEW = 2

/** A client's own timer repeats its last ACK after a second at the least; an ACK that comes later than this after the last progress proves nothing alone. */
const PROOF_WITHIN_MS = 600
/** Two ACKs that answer two questions within this time cannot both come from the client's own timer. */
const TIMER_CANNOT_MS = 250

/** What is known of one client's order, and how far the questions about it are. */
export class OrderSearch {
  order: ClientOrder = 'unknown'
  /** It gave two answers to repeats of the highest acknowledged block in a round. */
  answersRepeats = false
  /** Questions leave one soon after the other, so that a link on the way does not fall asleep between them. */
  isHurried = false
  #unanswered = 0
  /** How soon the last question was answered that was; Infinity before. */
  answerMs = Infinity
  /** What was asked last. */
  #asked: Question = 'more'
  #askedAt = -Infinity
  /** The highest acknowledged block was named in answer to it, when, and whether that was so late that it may have been the client's timer. */
  #answered = false
  #answeredAt = 0
  #isLate = false
  /** The same of the last answer to `top`. */
  #topAnsweredAt = 0
  #topIsLate = false
  /** Which of the two the present round is about, and whether its answer named the highest acknowledged block: then silence on `top` proves it. */
  #round: 'gap' | 'ahead' = 'gap'
  #namedTop = false
  /** What brought the last proof is where the next round begins. */
  #best: 'gap' | 'ahead' = 'gap'
  #proofs = 0
  /** Both repeats of the highest acknowledged block were answered in this round: silence on the block ahead makes it a proof. */
  #hasPair = false
  /** Pairs where nothing could run ahead. */
  #pairs = 0
  #mayBeAhead = true
  /** The same in any round. */
  #sawPair = false
  #needed = PROOFS
  /** `any` rests on an ACK that the network may have delayed. */
  #isLikely = false
  /** The highest acknowledged block when the last question left; it was named since it became that; and a repeat of it got no answer after that. */
  #top = 0
  #hasSpoken = false
  #isMute = false
  /** New blocks in a row. */
  #new = 0
  /** Questions that new blocks could interrupt, since the last proof. */
  #inVain = 0
  /** Questions before the first proof. */
  #unproved = 0
  /** Since the highest acknowledged block became that: what was asked and left unanswered, and whether anything was answered. */
  #isGapSilent = false
  #isAheadSilent = false
  #isAnswered = false
  /** New blocks that were acknowledged after such a silence. */
  #muteProofs = 0

  /**
   * What to ask next about a gap below `top`, the highest acknowledged block, in turn. Silence, where it proves something, is taken down here. U-Boot
   * answers what it does not expect once for each place: one that has done so is moved on by a new block and by nothing else. `mayBeNew`: one may leave. `mayBeAhead`: the one behind it may, too.
   */
  nextQuestion(top: number, mayBeNew: boolean, mayBeAhead = true): Question {
    this.#mayBeAhead = mayBeAhead
    if (top !== this.#top) this.#movedOn(top)
    else this.#noteSilence()
    // One that answers repeats would have answered this one.
    if (this.#hasSpoken && !this.#answered && (this.#asked === 'top' || this.#asked === 'top-again'))
      this.#isMute = true
    const question = this.#inTurn()
    // The round that is given up proves nothing: two answers are a pair only where nothing left between their questions.
    const isNew = question === 'more' || (this.#isMute && this.#new < MOST_NEW && this.#mayInterrupt(mayBeNew))
    this.#new = isNew ? this.#new + 1 : 0
    return isNew ? 'more' : question
  }

  #noteSilence(): void {
    if (this.#answered) this.#isAnswered = true
    else if (this.#asked === 'gap') this.#isGapSilent = true
    else if (this.#asked === 'ahead') this.#isAheadSilent = true
  }

  /** A new block was acknowledged: was it the only one of this round that the client took? */
  #movedOn(top: number): void {
    const isOnlyNext = this.#asked === 'more' && top === this.#top + 1
    if (isOnlyNext && this.#isGapSilent && this.#isAheadSilent && !this.#isAnswered) {
      this.#muteProofs++
    }
    const needed = this.#needed === PROOFS ? MUTE_PROOFS : MUTE_PROOFS_AFTER_STALE
    if (this.#muteProofs >= needed && this.order === 'unknown') this.order = 'inorder'
    this.#moved(top)
  }

  /** A card that shows each frame only when the next one arrives makes a client look mute that is not: then some rounds go on without new blocks. */
  #mayInterrupt(mayBeNew: boolean): boolean {
    if (!mayBeNew) return false
    this.#inVain = (this.#inVain + 1) % (INTERRUPTED + UNINTERRUPTED)
    return this.#inVain < INTERRUPTED
  }

  #moved(top: number): void {
    this.#top = top
    this.#unanswered = 0
    this.#isGapSilent = false
    this.#isAheadSilent = false
    this.#isAnswered = false
    this.#hasSpoken = false
    this.#isMute = false
  }

  #inTurn(): Question {
    switch (this.#asked) {
      case 'gap':
        this.#begin('gap')
        return 'top'
      case 'ahead':
        if (this.#hasPair && !this.#answered) this.#proved(true)
        this.#hasPair = false
        this.#begin('ahead')
        return this.#namedTop ? 'top' : 'more'
      case 'top':
        if (this.#answered) {
          this.#topAnsweredAt = this.#answeredAt
          this.#topIsLate = this.#isLate
          return 'top-again'
        }
        if (!this.#namedTop) return this.#round === 'gap' ? 'ahead' : 'more'
        this.#proved(false)
        return 'more'
      case 'top-again':
        // One that stores any block and acknowledges whatever comes answers the same; it takes the block ahead as well.
        this.#hasPair = this.#answered && this.#isPair && this.#round === 'gap'
        if (this.#answered && this.#isPair) this.#sawPair = true
        if (this.#hasPair && !this.#mayBeAhead) this.#provedAtEnd()
        if (this.#answered && this.#isPair && this.#round === 'ahead') this.#proved(true)
        return this.#round === 'ahead' || (this.#answered && !this.#hasPair) ? 'more' : 'ahead'
      default:
        return this.#best
    }
  }

  /**
   * Many questions proved nothing: a card may hold each of them until the next frame comes, so that its answer belongs to another one. Two copies of each are tried
   * in turns until something is proved, and kept where they helped.
   */
  get asksTwice(): boolean {
    return (this.#unproved & IN_VAIN) !== 0
  }

  asked(now: number, question: Question): void {
    if (this.#proofs === 0 && this.#muteProofs === 0) this.#unproved++
    if (this.#answered) this.#unanswered = 0
    else if (++this.#unanswered >= UNANSWERED) {
      this.#unanswered = 0
      this.isHurried = !this.isHurried
    }
    this.#asked = question
    this.#askedAt = now
    this.#answered = false
  }

  /** ACK of a block whose predecessor was never sent: `any`, for good. */
  provenAny(): void {
    this.order = 'any'
    this.#isLikely = false
  }

  /** ACK n of a repeated block after a later one: `any`, unless the network delayed it. */
  likelyAny(): void {
    if (this.order !== 'unknown') return
    this.order = 'any'
    this.#isLikely = true
  }

  /** `any` rests on an ACK that came late, and the network may have made it so. */
  get isDoubtful(): boolean {
    return this.#isLikely
  }

  /** A gap survived far more repeats than a client of that kind lets it: what was only likely is asked about anew. */
  doubted(): void {
    if (!this.#isLikely) return
    this.#isLikely = false
    this.order = 'unknown'
    this.#proofs = 0
    this.#muteProofs = 0
    this.#pairs = 0
    this.#needed = PROOFS_AFTER_STALE
    this.#asked = 'more'
  }

  /** The client refused a block below its highest acknowledged block with an ERROR: it looks at the order, so its highest acknowledged block says that all before is there. False of one known as `any`. */
  provenInorder(): boolean {
    if (this.order === 'unknown') this.order = 'inorder'
    return this.order === 'inorder'
  }

  /** A repeat of the missing block, which was no question yet, was answered with the highest acknowledged block: the questions go on from there. */
  gapNamed(now: number, top: number, progressAt: number): void {
    if (this.#top === top) return
    this.#moved(top)
    this.asked(now, 'gap')
    this.highestNamed(now, 0, progressAt)
  }

  /** A repeat of the missing block brought the first ACK of `top`. That may be no answer, but the ACK of a frame that a card held back: it begins the questions, and proves nothing. */
  spokeFor(top: number): void {
    this.#moved(top)
    this.#hasSpoken = true
    this.#asked = 'more'
    this.#answered = false
  }

  /** It was named since it became that: questions are due. */
  hasNamed(top: number): boolean {
    return this.#hasSpoken && this.#top === top
  }

  /** An ACK of the highest acknowledged block arrived again: `windowMs` is how late it may be to be an answer, `progressAt` when something new was acknowledged last. */
  highestNamed(now: number, windowMs: number, progressAt: number): void {
    if (this.#answered || now - this.#askedAt > windowMs) return
    this.#answered = true
    this.answerMs = now - this.#askedAt
    this.#hasSpoken = true
    this.#answeredAt = now
    this.#isLate = now - progressAt > PROOF_WITHIN_MS
  }

  /** Where no block may run ahead any more, many more pairs stand for the silence on it. */
  #provedAtEnd(): void {
    this.#hasPair = false
    this.answersRepeats = true
    if (++this.#pairs >= PAIRS_AT_END && this.order === 'unknown') this.order = 'inorder'
  }

  /** An old ACK arrived that nothing of ours can have caused. */
  staleSeen(): void {
    this.#needed = PROOFS_AFTER_STALE
  }

  #begin(round: 'gap' | 'ahead'): void {
    this.#round = round
    this.#namedTop = this.#answered && !this.#isLate
  }

  /** The answers to `top` and to `top-again`: one of them at least was no timer's. */
  get #isPair(): boolean {
    if (!this.#isLate && !this.#topIsLate) return true
    return this.#answeredAt - this.#topAnsweredAt <= TIMER_CANNOT_MS
  }

  #proved(byRepeats: boolean): void {
    this.#best = this.#round
    // A card that shows each frame only when the next one arrives lets the answers of a pair come one question late.
    this.answersRepeats = byRepeats || this.#sawPair
    this.#inVain = 0
    if (++this.#proofs >= this.#needed && this.order === 'unknown') this.order = 'inorder'
  }
}
