/** How long a transfer waits: until a stall is worth an event, until a missing final ACK ends it, until it gives up (rules A4, A14). */
import type { Rto } from './rto.ts'

/** Rule A4: silence of two client timeouts, this at least, with all others confirmed. */
const FINAL_SILENCE_MS = 3000
const FINAL_SILENCE_TIMEOUTS = 2
/** Rule A14. */
const GIVE_UP_MS = 30_000
const GIVE_UP_TIMEOUTS = 6
/** A stall is no progress for this many round trips. */
const STALL_ROUNDS = 20
/**
 * The least silence that a sender calls a stall. Its client may write its flash for most of a second, again and again, and is well.
 */
const SENDER_STALL_FLOOR_MS = 1000
/** The least silence that a receiver calls a stall. Its peer reads a file, which takes no such pauses. */
const RECEIVER_STALL_FLOOR_MS = 100

/** Rule A14: no progress for this long ends a transfer. `timeoutMs`: the peer's own timer. */
export function giveUpAfterMs(timeoutMs: number): number {
  return Math.max(GIVE_UP_MS, GIVE_UP_TIMEOUTS * timeoutMs)
}

/** No progress for this long is a stall. */
export function stalledAfterMs(role: 'sender' | 'receiver', rto: Pick<Rto, 'roundsMs'>): number {
  return rto.roundsMs(STALL_ROUNDS, role === 'sender' ? SENDER_STALL_FLOOR_MS : RECEIVER_STALL_FLOOR_MS)
}

export class WaitLimits {
  /** When the last packet of the client came. */
  heardAt = 0
  /** The present stall has had its event. */
  stalled = false
  readonly #giveUpMs: number
  readonly #silenceMs: number
  readonly #rto: Rto

  constructor(clientTimeoutMs: number, rto: Rto) {
    this.#giveUpMs = giveUpAfterMs(clientTimeoutMs)
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

  /** When a stall or the end of the transfer would have to be noticed first. */
  nextAt(progressAt: number): number {
    return Math.min(progressAt + this.#giveUpMs, this.stallAt(progressAt))
  }

  stallAt(progressAt: number): number {
    return this.stalled ? Infinity : progressAt + stalledAfterMs('sender', this.#rto)
  }
}
