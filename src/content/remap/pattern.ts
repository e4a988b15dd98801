/** A compiled pattern: finds where in a name it matches, in time that is linear in the name's length and bounded when it is loaded. */
import { performance } from 'node:perf_hooks'
import { RE2JS } from 're2js'
import { NAME_MAX_BYTES } from '../names.ts'
import { PatternError, translatePosix } from './posix-pattern.ts'

/** Longer patterns are no patterns of names. */
export const PATTERN_MAX_BYTES = 512
/** Instructions of a compiled pattern. A search may look at each of them for each byte. */
export const PROGRAM_MAX = 600
/** Time of a core that one search may take. All other transfers of the thread wait meanwhile. */
export const SEARCH_MAX_MS = 5
/** Names that are worse than those that are tried when a pattern is loaded take up to twice as long. */
const TRIED_MAX_MS = SEARCH_MAX_MS / 2
/** Patterns of this size need no trial: 60 ns for each instruction and byte are the most that was seen, and these are 1.8 ms. */
const SURELY_FAST_SIZE = 60
/** The fastest of these counts: the first ones compile, and another process may take the core. Most patterns need one. */
const TRIES = 20
/** No other process makes a pattern this slow three times. */
const HOPELESS_MS = 10 * TRIED_MAX_MS
/** Bytes of a pattern that a hostile name is made of. */
const LETTERS_MAX = 16

/** Positions of a match and its groups, first byte and the one behind the last; -1 and -1 for a group that took no part. */
export type Match = readonly (readonly [begin: number, end: number])[]

export class Pattern {
  readonly #compiled: RE2JS
  /** The search costs at most a time in proportion to this, for each byte of the name. */
  readonly size: number

  private constructor(re2: string, flags: number) {
    let compiled: RE2JS
    try {
      compiled = RE2JS.compile(re2, flags)
    } catch (cause) {
      throw new PatternError(`cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
    this.#compiled = compiled
    this.size = compiled.programSize()
    if (this.size > PROGRAM_MAX) {
      throw new PatternError(
        `is too costly (${this.size} steps for a byte, ${PROGRAM_MAX} at most); use fewer or smaller repetitions`,
      )
    }
  }

  /** A POSIX extended regular expression: of the matches that begin first, the longest. Throws PatternError. */
  static posix(pattern: string, ignoreCase: boolean): Pattern {
    requireShort(pattern)
    const { re2, letters } = translatePosix(pattern, ignoreCase)
    const compiled = new Pattern(re2, RE2JS.LONGEST_MATCH | RE2JS.DOTALL | RE2JS.LOOKBEHINDS)
    compiled.#requireFast(letters)
    return compiled
  }

  /** A Perl regular expression, as far as RE2 knows them: the first alternative that fits. Throws PatternError. */
  static perl(pattern: string): Pattern {
    requireShort(pattern)
    const compiled = new Pattern(pattern, RE2JS.LOOKBEHINDS)
    const letters = [...pattern].filter((letter) => !/[\\()|*+?{}[\]^$.]/.test(letter))
    compiled.#requireFast(letters.map((letter) => letter.charCodeAt(0)))
    return compiled
  }

  /**
   * The first match in `name` (bytes as latin1) at `from` or behind it. Above 0 `^` does not match at `from`, and what stands before it
   * plays no part, as if the name began there.
   */
  find(name: string, from = 0): Match | undefined {
    // A byte before the part keeps `^` from matching, and one that is of no word leaves `\<` and `\b` as they are at a begin.
    const skipped = from === 0 ? 0 : 1
    const matcher = this.#compiled.matcher(skipped === 0 ? name : `/${name.slice(from)}`)
    if (!matcher.find(skipped)) return undefined
    const shift = from - skipped
    const match: [number, number][] = []
    for (let group = 0; group <= matcher.groupCount(); group++) {
      const begin = matcher.start(group)
      match.push(begin < 0 ? [-1, -1] : [begin + shift, matcher.end(group) + shift])
    }
    return match
  }

  /** Throws PatternError when a name made of the pattern's own letters takes too long. */
  #requireFast(letters: readonly number[]): void {
    if (this.size <= SURELY_FAST_SIZE) return
    for (const name of hostileNames(letters)) {
      const ms = this.#searchMs(name)
      if (ms <= TRIED_MAX_MS) continue
      throw new PatternError(
        `takes ${ms.toFixed(1)} ms for a hostile name, ${TRIED_MAX_MS} ms at most; use fewer or smaller repetitions`,
      )
    }
  }

  #searchMs(name: string): number {
    let best = Infinity
    for (let tries = 0; tries < TRIES && best > TRIED_MAX_MS; tries++) {
      const before = performance.now()
      this.find(name)
      best = Math.min(best, performance.now() - before)
      if (tries >= 3 && best > HOPELESS_MS) break
    }
    return best
  }
}

function requireShort(pattern: string): void {
  if (pattern.length > PATTERN_MAX_BYTES) {
    throw new PatternError(`has ${pattern.length} bytes, ${PATTERN_MAX_BYTES} at most; use several rules`)
  }
}

/**
 * Names of the greatest length that keep a search of these letters busy: each letter alone, neighbours in turn, all in turn and mixed, and
 * each of them with a wrong end.
 */
export function hostileNames(letters: readonly number[]): string[] {
  // Words and what parts them: \< and \b look for nothing else.
  const texts = [...letters, 0x61, 0x2f].map((byte) => String.fromCharCode(byte))
  const pairs = texts.slice(1).map((letter, i) => texts[i] + letter)
  const parts = [...[...new Set(texts)].slice(0, LETTERS_MAX), ...[...new Set(pairs)].slice(0, LETTERS_MAX)]
  return [...parts, texts.join(''), mixed(texts)].flatMap((part) => {
    const name = part.repeat(Math.ceil(NAME_MAX_BYTES / part.length)).slice(0, NAME_MAX_BYTES)
    return [name, `${name.slice(0, -1)}\x01`]
  })
}

/** The same on every start: a pattern must not be good today and bad tomorrow. */
function mixed(texts: readonly string[]): string {
  let state = 1
  return Array.from({ length: NAME_MAX_BYTES }, () => {
    state = (state * 48_271) % 2_147_483_647
    return texts[state % texts.length]
  }).join('')
}
