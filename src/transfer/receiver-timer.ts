/**
 * When a receiver says its last packet again. The first tries follow the measured round trip, later ones double up to one
 * per second (A14's spirit). When these bring nothing, the peer's own timer gets room to ring (rule R3). Before the peer has proved that
 * it holds its address, A5's few and slow tries apply.
 */
import { firstContactWaitsMs } from './first-contact.ts'
import { SLOWEST_BYTES_PER_MS, stalledAfterMs } from './waits.ts'
import { type FirstRoundTrip, Rto } from './rto.ts'

const FIRST_NEAR_MS = 250
const FIRST_FAR_MS = 1000
/**
 * In a window a lost packet stops everything until we speak. Not sooner than a busy machine schedules its processes: each
 * repeat in vain makes the sender repeat a window.
 */
const MIN_WINDOWED_MS = 50
/** In lock-step the sender's timer repairs what is lost, ours is the second line: some servers answer each repeat with DATA. */
const MIN_LOCKSTEP_MS = 250
/** Rule R7: the first block of a window, and nothing behind it for less than this: the client may wait for an ACK of that block to learn whether windows hold. */
const LEAST_ALONE_MS = 250
const SLOWEST_MS = 1000
/** Rule R3: repeats in a row before the peer's timer gets room, by what is known of the peer. */
const TRIES = 3
const TRIES_OF_ANSWERED = 8
const TRIES_OF_TIMED = 1
/** Rule R3: the same to a server, again and again: it may answer a repeat only now and then. */
const TRIES_TO_SERVER = 4
/** Rule R3: the room, in timeouts of the peer. */
const ROOM_TIMEOUTS = 1.2
/** Rule R3: where that was in vain as well the timer of the client may be a longer one. */
const MOST_ROOMS = 2
/** Rule R3: a repeat is answered within this many round trips, PROMPT_MS at least. */
const PROMPT_ROUNDS = 4
const PROMPT_MS = 50
/**
 * Rule R5: the second repeat in a row and those behind it leave this many times, so far apart. A link that fell asleep loses the first frame that wakes
 * it, and losses come in bursts.
 */
const RUN = 3
const RUN_SPACING_MS = 0.75
/**
 * Rule R5: this many blocks in a row came promptly behind the first repeat of an ACK, and none before it: the card of the peer shows each frame
 * when the next one comes. Each time that this proves wrong, twice as many are wanted.
 */
const HELD_BLOCKS = 4
const MOST_HELD_BLOCKS = 64
/** Rule R5: the first repeat of an ACK to such a peer waits this many times as long as those blocks took, and this long at least. */
const HELD_ROUNDS = 2
const HELD_LEAST_MS = 10
/** Rule R5: a block that came so much sooner than those before shows that those were no round trips: the client was making its file. */
const CORRECTED_SHARE = 1 / 4

/** An ACK hides the same one no longer than this, and than this until a block was timed: the request may have taken longer than a block. */
const MOST_QUIET_MS = 200
const UNTIMED_QUIET_MS = 10

/** Rule R4: the longest wait for the first block. */
const MOST_FIRST_MS = 4000
/** Rule R4: blocks of a window are no further apart, on the slowest link. */
const MOST_HEARD_MS = 500
/** Rule R4: a request that took no longer came over a fast link. */
const FAST_REQUEST_MS = 4
/** A request and its answer have this many bytes at least. */
const REQUEST_BYTES = 100

export interface RepeatTimerOptions {
  readonly near: boolean
  readonly addressValidated: boolean
  readonly windowed: boolean
  /** What the first packet is. */
  readonly first: 'oack' | 'data'
  /** The peer's own timer. */
  readonly peerTimeoutMs: number
  /** It sends a file that we asked for. */
  readonly isServer: boolean
  readonly blksize: number
  /** That of our request. */
  readonly firstRoundTrip?: FirstRoundTrip | undefined
}

export class RepeatTimer {
  /** When the last packet wants to be repeated; Infinity for never. */
  dueAt = Infinity
  addressValidated: boolean
  readonly #firstWaitsMs: readonly number[]
  readonly #minMs: number
  readonly #windowed: boolean
  /** From our ACK to the block that it asked for. */
  readonly #rto = new Rto()
  readonly #roomMs: number
  #sentAt = Number.NaN
  /** Rule R4: the least wait until a block was timed. */
  #firstMs: number
  #isTimed = false
  /** The request was answered over a fast link. */
  #isFast = false
  /** That of our request, or what it took at most. */
  #roundTripMs = 0
  #repeats = 0
  /** Of the present repeat. */
  #copiesLeft = 0
  #repeatedAt = Number.NaN
  /** Blocks in a row that came behind the first repeat, the longest time that one took, and how many are wanted. */
  #held = 0
  #heldMs = 0
  #heldWanted = HELD_BLOCKS
  readonly #isServer: boolean
  #tries: number

  constructor(options: RepeatTimerOptions) {
    const { near, blksize, firstRoundTrip } = options
    this.#firstMs = near ? FIRST_NEAR_MS : FIRST_FAR_MS
    if (firstRoundTrip !== undefined) this.#expect(firstRoundTrip, blksize)
    this.#roomMs = ROOM_TIMEOUTS * options.peerTimeoutMs
    this.#isServer = options.isServer
    this.#tries = this.#isServer ? TRIES_TO_SERVER : TRIES
    this.#firstWaitsMs = firstContactWaitsMs(options.first, near)
    this.addressValidated = options.addressValidated
    this.#windowed = options.windowed
    this.#minMs = options.windowed ? MIN_WINDOWED_MS : MIN_LOCKSTEP_MS
  }

  /** A packet that asks for something new left. */
  sent(now: number): void {
    this.#sentAt = now
    this.#rest(now)
  }

  /** Nothing left: the peer is about to go on by itself. */
  waiting(now: number): void {
    this.#rest(now)
  }

  /** The block that the last packet asked for came; `isAlone`: and none behind it before. Karn: no sample when that packet was repeated. */
  answered(now: number, isAlone: boolean): void {
    if (!Number.isNaN(this.#sentAt)) {
      const tookMs = now - this.#sentAt
      if (tookMs < CORRECTED_SHARE * this.srttMs) this.#rto.restart(tookMs)
      else this.#rto.sample(tookMs)
      this.#isTimed = true
    }
    this.progressed(now)
    if (isAlone && this.#windowed && !this.#isServer) this.dueAt = Math.max(this.dueAt, now + LEAST_ALONE_MS)
  }

  /** Something else in order came. */
  progressed(now: number): void {
    if (this.#repeats > 0 && this.#isFast && now - this.#repeatedAt <= FAST_REQUEST_MS) this.#isTimed = true
    if (this.#repeats > 0 && this.addressValidated && !this.#isServer) this.#learn(now - this.#repeatedAt)
    if (!this.#windowed && this.addressValidated) this.#learnHeld(now - this.#repeatedAt)
    this.addressValidated = true
    this.#sentAt = Number.NaN
    this.#rest(now)
  }

  /** A block that is stored came again: the peer sends on a repeat of an ACK, or its own timer had to speak. */
  cameAgain(): void {
    this.#unlearnHeld()
  }

  /** Something came that is of no use: the peer is sending, and the block that is asked for may be behind it. */
  heard(now: number): void {
    this.dueAt = Math.max(this.dueAt, now + Math.min(MOST_HEARD_MS, this.#waitMs()))
  }

  /** The last packet was repeated because nothing came. */
  repeated(now: number): void {
    this.#sentAt = Number.NaN
    if (this.#copiesLeft > 0) this.#copiesLeft--
    else {
      this.#repeats++
      this.#repeatedAt = now
      // In a window each copy could bring the whole window.
      if (!this.#windowed && this.addressValidated && this.#repeats > 1) this.#copiesLeft = RUN - 1
    }
    this.dueAt = now + (this.#copiesLeft > 0 ? RUN_SPACING_MS : this.#waitMs())
  }

  /** The last packet was repeated because the peer asked for it. */
  answeredAgain(now: number): void {
    this.#sentAt = Number.NaN
    this.dueAt = Math.max(this.dueAt, now + this.#waitMs())
  }

  /** Wants the repeat no later than `at`. */
  hurry(at: number): void {
    if (at < this.dueAt) this.dueAt = at
  }

  /** Within this time after our answer to an OACK the same OACK has crossed it. */
  get crossesMs(): number {
    return Math.max(this.quietMs, this.#roundTripMs)
  }

  /** Within this time after an ACK the same ACK says nothing new: a repeat may have crossed it on the way. */
  get quietMs(): number {
    const rounds = this.#rto.roundsMs(1.5, 1)
    if (this.#isTimed) return Math.min(MOST_QUIET_MS, rounds)
    return this.srttMs === 0 ? UNTIMED_QUIET_MS : Math.min(UNTIMED_QUIET_MS, rounds)
  }

  /**
   * How long a block may take that another has overtaken: one round trip, so that a sender which asks with a block ahead has our
   * answer within the three that it waits (rule A1).
   */
  get reorderMs(): number {
    return this.srttMs === 0 ? 10 : Math.min(200, Math.max(1, this.#rto.minMs))
  }

  /** No progress for this long is a stall. */
  get stallMs(): number {
    return stalledAfterMs('receiver', this.#rto)
  }

  /** Smoothed round trip; 0 while unknown. */
  get srttMs(): number {
    return this.#rto.srttMs
  }

  /** Rule R3. What comes later than the slowest repeats are apart, the peer's timer sent. That is remembered. */
  #learn(sinceRepeatMs: number): void {
    if (sinceRepeatMs > SLOWEST_MS + this.srttMs) this.#tries = TRIES_OF_TIMED
    else if (this.#tries === TRIES && sinceRepeatMs <= this.#rto.roundsMs(PROMPT_ROUNDS, PROMPT_MS)) {
      this.#tries = TRIES_OF_ANSWERED
    }
  }

  /** Rule R5. More than one repeat is a loss, which says nothing about the card. */
  #learnHeld(sinceRepeatMs: number): void {
    if (this.#repeats === 1 && sinceRepeatMs <= this.#rto.roundsMs(PROMPT_ROUNDS, PROMPT_MS)) {
      this.#heldMs = this.#held === 0 ? sinceRepeatMs : Math.max(this.#heldMs, sinceRepeatMs)
      this.#held++
    } else if (this.#repeats === 1) this.#unlearnHeld()
    else if (this.#repeats === 0 || this.#held < this.#heldWanted) this.#held = 0
  }

  #unlearnHeld(): void {
    if (this.#held >= this.#heldWanted) this.#heldWanted = Math.min(MOST_HELD_BLOCKS, 2 * this.#heldWanted)
    this.#held = 0
  }

  #rest(now: number): void {
    this.#repeats = 0
    this.#copiesLeft = 0
    this.dueAt = now + this.#waitMs()
  }

  #waitMs(): number {
    if (!this.addressValidated) return this.#firstWaitsMs[this.#repeats] ?? Infinity
    if (this.#repeats === 0 && this.#held >= this.#heldWanted) {
      return Math.min(MIN_LOCKSTEP_MS, Math.max(HELD_LEAST_MS, HELD_ROUNDS * this.#heldMs))
    }
    const rooms = this.#roomsSoFar()
    if (rooms > 0) return this.#roomMs * Math.min(MOST_ROOMS, rooms) + this.srttMs
    return this.#rto.waitMs(this.#repeats, this.#isTimed ? this.#minMs : this.#firstMs, SLOWEST_MS)
  }

  /** Rule R3: waits in a row that leave room for the timer of the client; 0 while they do not. A client gets nothing but rooms then, a server one behind each row of tries. */
  #roomsSoFar(): number {
    if (!this.#isServer) return Math.max(0, 1 + this.#repeats - this.#tries)
    const row = this.#tries + 1
    return (this.#repeats + 1) % row === 0 ? (this.#repeats + 1) / row : 0
  }

  /** Rule R4: a block takes as much longer than the request as it has more bytes, on no slower link than SLOWEST_BYTES_PER_MS. */
  #expect({ ms, isSample }: FirstRoundTrip, blksize: number): void {
    if (isSample) this.#rto.sample(ms)
    this.#isFast = isSample && ms <= FAST_REQUEST_MS
    if (ms <= FAST_REQUEST_MS || ms > MOST_FIRST_MS) return
    this.#roundTripMs = ms
    const blockMs = Math.min((ms * blksize) / REQUEST_BYTES, blksize / SLOWEST_BYTES_PER_MS)
    this.#firstMs = Math.max(this.#firstMs, Math.min(MOST_FIRST_MS, ms + blockMs))
  }
}
