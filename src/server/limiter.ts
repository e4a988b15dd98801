/** Keeps what anybody on the network can cause from flooding the log: a few per window of time, and a count of the rest. */

/** Keys remembered at once; a flood from forged addresses has as many as it likes. */
const MAX_KEYS = 256

export class Limiter {
  readonly #windowMs: number
  readonly #perWindow: number
  readonly #seen = new Set<string>()
  #windowStart = -Infinity
  #used = 0
  #held = 0

  /** At most `perWindow` in `windowMs`, and each key once in that time. */
  constructor(windowMs: number, perWindow: number) {
    this.#windowMs = windowMs
    this.#perWindow = perWindow
  }

  get remembered(): number {
    return this.#seen.size
  }

  /** How many were held back since the last one let through; undefined when this one is held back as well. */
  pass(now: number, key: string): number | undefined {
    if (now - this.#windowStart >= this.#windowMs) {
      this.#windowStart = now
      this.#used = 0
      this.#seen.clear()
    }
    if (this.#used >= this.#perWindow || this.#seen.has(key)) {
      this.#held++
      return undefined
    }
    if (this.#seen.size < MAX_KEYS) this.#seen.add(key)
    this.#used++
    const held = this.#held
    this.#held = 0
    return held
  }
}
