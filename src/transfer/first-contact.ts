/**
 * Rule A5: until the peer has proved that it holds the address it asked from, little leaves. A forged request must not make
 * us a reflector, and a slow device must not be flooded.
 */

/** DATA 1 or ACK 0 to near devices: a quarter, a half, then each second; five repeats. */
const NEAR_WAITS_MS = [250, 500, 1000, 1000, 1000]
/** An OACK waits for a second: atftp gives up when it sees a second one after its ACK 0, and a busy server reads that late. */
const OACK_WAITS_MS = [1000, 1000, 1000, 1000, 1000]
/** To far peers: three repeats, a second or more apart. */
const FAR_WAITS_MS = [1000, 1000, 1000]
/** After the last repeat the sender waits at least this long for an ACK: the client's own timer may still bring it back. */
const LAST_LINGER_MS = 5000

/** The waits before each repeat of our first packet, in milliseconds; no more repeats follow. */
export function firstContactWaitsMs(packet: 'oack' | 'data', near: boolean): readonly number[] {
  if (!near) return FAR_WAITS_MS
  return packet === 'oack' ? OACK_WAITS_MS : NEAR_WAITS_MS
}

export class FirstContact {
  /** When something is to be done; Infinity when nothing is. */
  dueAt = Infinity
  readonly #waitsMs: readonly number[]
  readonly #lingerMs: number
  #tries = 0

  /** `strictMs`: wait exactly this long each time; undefined takes the timetable of the rule. */
  constructor(packet: 'oack' | 'data', near: boolean, clientTimeoutMs: number, strictMs: number | undefined) {
    const waits = firstContactWaitsMs(packet, near)
    this.#waitsMs = strictMs === undefined ? waits : waits.map(() => Math.max(strictMs, near ? 0 : 1000))
    this.#lingerMs = Math.max(LAST_LINGER_MS, 2 * clientTimeoutMs)
  }

  /** The packet left for the first time. */
  started(now: number): void {
    this.#tries = 0
    this.#arm(now)
  }

  /** The peer answered. */
  stop(): void {
    this.dueAt = Infinity
  }

  /** `dueAt` has come: send the packet again, or give up. */
  due(now: number): 'repeat' | 'give-up' {
    if (this.#tries >= this.#waitsMs.length) return 'give-up'
    this.#tries++
    this.#arm(now)
    return 'repeat'
  }

  /** The peer asks for the packet by its own timer: true when our repeats are used up, so that it may have one more. */
  asked(now: number): boolean {
    if (this.dueAt === Infinity || this.#tries < this.#waitsMs.length) return false
    this.#arm(now)
    return true
  }

  #arm(now: number): void {
    this.dueAt = now + (this.#waitsMs[this.#tries] ?? this.#lingerMs)
  }
}
