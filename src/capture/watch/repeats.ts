/** Questions that a device repeats because nothing answers: for the machine with an address (ARP), or for an address (DHCP). */

/** A question that comes again within this time repeats the one before it. U-Boot waits 5 s for an ARP answer, DHCP clients up to 16 s. */
const REPEATED_WITHIN_MS = 20_000
/** What was said once is said again after this time at the earliest. */
const SAID_FOR_MS = 60_000
/** Pairs of device and question that are remembered: the oldest goes first. */
const MAX_ASKED = 512

interface Asked {
  /** Questions since the last answer. */
  questions: number
  lastMs: number
  askedSaidMs: number
  missingSaidMs: number
  answeredSaidMs: number
}

/** What is to be said of a question: that it was asked, that it was repeated without an answer, or nothing new. */
export interface Say {
  readonly isNew: boolean
  /** The number of questions without an answer; 0 when that is not to be said. */
  readonly missing: number
}

export class Repeats {
  readonly #asked = new Map<string, Asked>()

  question(key: string, nowMs: number): Say {
    const asked = this.#of(key)
    if (nowMs - asked.lastMs > REPEATED_WITHIN_MS) asked.questions = 0
    asked.questions++
    asked.lastMs = nowMs
    const isNew = nowMs - asked.askedSaidMs > SAID_FOR_MS
    if (isNew) asked.askedSaidMs = nowMs
    const isMissing = asked.questions > 1 && nowMs - asked.missingSaidMs > SAID_FOR_MS
    if (isMissing) asked.missingSaidMs = nowMs
    return { isNew, missing: isMissing ? asked.questions : 0 }
  }

  /** True when the answer is worth a word: it ends questions, and no answer was reported a moment ago. */
  answer(key: string, nowMs: number): boolean {
    const asked = this.#asked.get(key)
    if (asked === undefined || asked.questions === 0) return false
    asked.questions = 0
    if (nowMs - asked.answeredSaidMs <= SAID_FOR_MS) return false
    asked.answeredSaidMs = nowMs
    // An answer that stays away later is news.
    asked.missingSaidMs = -Infinity
    return true
  }

  #of(key: string): Asked {
    let asked = this.#asked.get(key)
    if (asked === undefined) {
      if (this.#asked.size === MAX_ASKED) this.#asked.delete(this.#asked.keys().next().value as string)
      asked = {
        questions: 0,
        lastMs: -Infinity,
        askedSaidMs: -Infinity,
        missingSaidMs: -Infinity,
        answeredSaidMs: -Infinity,
      }
      this.#asked.set(key, asked)
    }
    return asked
  }
}
