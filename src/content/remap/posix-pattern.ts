/**
 * Reads a POSIX extended regular expression as glibc's `regcomp` does and writes it as RE2 reads it. The two differ in brackets (a
 * backslash in them is a letter), in escapes (`\d` is the letter d), in repetitions (`a**`, `{,2}`), at a newline, and in what is an error.
 * Patterns are strings of bytes (latin1). Case is folded here, for ASCII alone, as in the C locale.
 */
import { ByteSet, POSIX_CLASSES, SPACE_BYTES, upperByte, WORD_BYTES } from './byte-set.ts'

/** A pattern that cannot be used. The message completes "the pattern …". */
export class PatternError extends Error {}

export interface Translated {
  /** For RE2, with dot matching everything and look-behind on. */
  readonly re2: string
  /** One or two bytes of each kind that the pattern looks for, in its order, for tests of its cost. */
  readonly letters: readonly number[]
}

/** RE2 repeats a part up to 1000 times; far less is too much for one name already. */
const MAX_REPEATS = 1000
/** A class of POSIX has a name of 6 letters at most; glibc stops here. */
const MAX_CLASS_NAME = 32
/** Deeper nesting than this is no pattern for a file name, and the reader calls itself for each level. */
const MAX_NESTING = 100
const ANCHORS: Readonly<Record<string, string>> = {
  '`': '\\A',
  "'": '\\z',
  b: '\\b',
  B: '\\B',
  '<': '\\b(?<!\\w)',
  '>': '\\b(?<=\\w)',
}
const SETS: Readonly<Record<string, ByteSet>> = {
  w: WORD_BYTES,
  W: WORD_BYTES.inverted(),
  s: SPACE_BYTES,
  S: SPACE_BYTES.inverted(),
}

/** Throws PatternError for what glibc refuses, and for references back to a group, which no search in linear time can follow. */
export function translatePosix(pattern: string, ignoreCase: boolean): Translated {
  return new PosixReader(pattern, ignoreCase).read()
}

class PosixReader {
  readonly #text: string
  readonly #ignoreCase: boolean
  readonly #letters: number[] = []
  #at = 0

  constructor(text: string, ignoreCase: boolean) {
    this.#text = text
    this.#ignoreCase = ignoreCase
  }

  read(): Translated {
    return { re2: this.#alternatives(0), letters: this.#letters }
  }

  #peek(ahead = 0): string {
    return this.#text.charAt(this.#at + ahead)
  }

  #next(): string {
    return this.#text.charAt(this.#at++)
  }

  #alternatives(depth: number): string {
    if (depth > MAX_NESTING) throw new PatternError(`has groups nested more than ${MAX_NESTING} deep; simplify it`)
    let re2 = this.#branch(depth)
    while (this.#peek() === '|') {
      this.#at++
      re2 += `|${this.#branch(depth)}`
    }
    return re2
  }

  #branch(depth: number): string {
    let re2 = ''
    for (;;) {
      const next = this.#peek()
      if (next === '' || next === '|' || (next === ')' && depth > 0)) return re2
      re2 += this.#piece(depth)
    }
  }

  #piece(depth: number): string {
    const next = this.#next()
    switch (next) {
      case '^':
        return '\\A'
      case '$':
        return '\\z'
      case '*':
      case '+':
      case '?':
      case '{':
        throw new PatternError(`has a ${next} with nothing before it to repeat; write \\${next} for the character`)
      case '\\': {
        const letter = this.#next()
        const anchor = ANCHORS[letter]
        // As in glibc nothing can repeat an anchor: what follows is a piece of its own.
        return anchor ?? this.#repeated(this.#escaped(letter))
      }
      case '(':
        return this.#repeated(this.#group(depth))
      case '[':
        return this.#repeated(this.#bracket())
      case '.':
        return this.#repeated(this.#set(ByteSet.of([0, 255])))
      default:
        return this.#repeated(this.#literal(next))
    }
  }

  #group(depth: number): string {
    const inside = this.#alternatives(depth + 1)
    if (this.#next() !== ')') throw new PatternError('has a ( without its ); write \\( for the character')
    return `(${inside})`
  }

  #escaped(letter: string): string {
    if (letter === '') throw new PatternError('ends in a backslash; write \\\\ for the character')
    if (letter >= '1' && letter <= '9') {
      throw new PatternError(
        `refers back to group ${letter} (\\${letter}), which is not supported; write out what may stand there`,
      )
    }
    const set = SETS[letter]
    if (set !== undefined) return this.#set(set)
    // Not folded as other letters are: in glibc `\d` matches nothing when case does not count, and `\D` matches d and D.
    const itself = new ByteSet().add(letter.charCodeAt(0))
    return this.#set(this.#ignoreCase ? itself.anyCase() : itself)
  }

  #literal(character: string): string {
    const byte = character.charCodeAt(0)
    return this.#ignoreCase
      ? this.#set(ByteSet.of([upperByte(byte), upperByte(byte)]).anyCase())
      : this.#set(new ByteSet().add(byte))
  }

  #set(set: ByteSet): string {
    this.#letters.push(...set.samples())
    return set.toString()
  }

  /** `piece` with the repetitions that follow it. */
  #repeated(piece: string): string {
    let re2 = piece
    for (;;) {
      const next = this.#peek()
      if (next === '*' || next === '+' || next === '?') {
        this.#at++
        re2 = `(?:${re2})${next}`
      } else if (next === '{') {
        this.#at++
        re2 = this.#interval(re2)
      } else {
        return re2
      }
    }
  }

  #interval(piece: string): string {
    const interval = /^(\d*)(,?)(\d*)\}/.exec(this.#text.slice(this.#at))
    if (interval === null || (interval[1] === '' && interval[2] === '')) {
      throw new PatternError('has a { that begins no repetition such as {2} or {1,3}; write \\{ for the character')
    }
    this.#at += interval[0].length
    const least = Number(interval[1])
    const most = interval[2] === '' ? least : interval[3] === '' ? undefined : Number(interval[3])
    if (most !== undefined && most < least)
      throw new PatternError(`has a repetition {${interval[0]} whose end is below its begin`)
    if (Math.max(least, most ?? 0) > MAX_REPEATS) {
      throw new PatternError(`repeats a part more than ${MAX_REPEATS} times ({${interval[0]}); ask for less`)
    }
    return `(?:${piece}){${least}${most === least ? '' : `,${most ?? ''}`}}`
  }

  #bracket(): string {
    const isNegated = this.#peek() === '^'
    if (isNegated) this.#at++
    const set = new ByteSet()
    for (let first = true; first || this.#peek() !== ']'; first = false) this.#element(set, first)
    this.#at++
    const folded = this.#ignoreCase ? set.anyCase() : set
    return this.#set(isNegated ? folded.inverted() : folded)
  }

  /** One character, range or class of a bracket expression. */
  #element(set: ByteSet, first: boolean): void {
    const from = this.#member(first)
    if (from instanceof ByteSet) {
      set.addAll(from)
      return
    }
    if (!this.#atHyphen() || this.#peek(1) === ']') {
      set.add(from)
      return
    }
    this.#at++
    const to = this.#member(true)
    if (to instanceof ByteSet) throw new PatternError('has a class as the end of a range in brackets')
    if (to < from) throw new PatternError('has a range in brackets whose end is below its begin')
    set.add(from, to)
  }

  /** True before a hyphen that means a range: three of them mean one that is a character. */
  #atHyphen(): boolean {
    return this.#peek() === '-' && !(this.#peek(1) === '-' && this.#peek(2) === '-')
  }

  /** A byte, or the set that a class stands for. */
  #member(hyphenAllowed: boolean): number | ByteSet {
    const isRangeSign = this.#atHyphen()
    const next = this.#next()
    if (next === '') throw new PatternError('has a [ without its ]; write \\[ for the character')
    const kind = this.#peek()
    if (next === '[' && (kind === '.' || kind === '=' || kind === ':')) return this.#named(kind)
    if (next === '-' && !isRangeSign) this.#at += 2
    if (isRangeSign && !hyphenAllowed && this.#peek() !== ']') {
      throw new PatternError('has a - in brackets that is neither a range nor at an end; put it first or last')
    }
    return this.#byte(next)
  }

  /** `[:alpha:]`, `[=a=]` or `[.a.]`; the reader stands at the sign. */
  #named(kind: '.' | '=' | ':'): number | ByteSet {
    const begin = this.#at + 1
    const end = this.#text.indexOf(`${kind}]`, begin)
    if (end < 0 || end - begin >= MAX_CLASS_NAME) {
      throw new PatternError(`has a [${kind} in brackets without its ${kind}]; put the [ elsewhere in the brackets`)
    }
    const name = this.#text.slice(begin, end)
    this.#at = end + 2
    if (kind === ':') {
      const isLetter = this.#ignoreCase && (name === 'upper' || name === 'lower')
      const set = POSIX_CLASSES.get(isLetter ? 'alpha' : name)
      if (set === undefined)
        throw new PatternError(`has an unknown class [:${name}:]; known are ${[...POSIX_CLASSES.keys()].join(', ')}`)
      return set
    }
    if (name.length !== 1)
      throw new PatternError(`has an unknown character name [${kind}${name}${kind}]; write the character itself`)
    const byte = this.#byte(name)
    return kind === '=' ? new ByteSet().add(byte) : byte
  }

  #byte(character: string): number {
    const byte = character.charCodeAt(0)
    return this.#ignoreCase ? upperByte(byte) : byte
  }
}
