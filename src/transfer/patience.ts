/** How long a sender waits: until a stall is worth a word, until a missing final ACK is one, until it gives up (rules A4, A14). */
import type { Rto } from './rto.ts'

/** Rule A4: silence of two client timeouts, this at least, with all others confirmed. */
const FINAL_SILENCE_MS = 3000
const FINAL_SILENCE_TIMEOUTS = 2
/** Rule A14. */
const GIVE_UP_MS = 30_000
const GIVE_UP_TIMEOUTS = 6
/** A stall is no progress for 20 round trips; below a second nobody needs to hear of it. */
const STALL_ROUNDS = 20
const STALL_FLOOR_MS = 1000

export class Patience {
  /** When the client was heard last. */
  heardAt = 0
  /** The present stall was told of. */
  stalled = false
  readonly #giveUpMs: number
  readonly #silenceMs: number
  readonly #rto: Rto

  constructor(clientTimeoutMs: number, rto: Rto) {
    this.#giveUpMs = Math.max(GIVE_UP_MS, GIVE_UP_TIMEOUTS * clientTimeoutMs)
    this.#silenceMs = Math.max(FINAL_SILENCE_MS, FINAL_SILENCE_TIMEOUTS * clientTimeoutMs)
    this.#rto = rto
  }

  giveUpAt(progressAt: number): number {
    return progressAt + this.#giveUpMs
  }

  /** When a missing final ACK has been waited for long enough. */
  silenceAt(): number {
    return this.heardAt + this.#silenceMs
  }

  stallAt(progressAt: number): number {
    return this.stalled ? Infinity : progressAt + this.#rto.roundsMs(STALL_ROUNDS, STALL_FLOOR_MS)
  }
}
