/** Compares our POSIX patterns with those of glibc: random patterns, random names, the same whole match or the same refusal. */
import { Pattern } from '../../src/content/remap/pattern.ts'
import { PatternError } from '../../src/content/remap/posix-pattern.ts'
import { Rng } from '../../src/lab/rng.ts'
import { type Functions, GlibcRegex } from './glibc-regex.ts'

export interface PatternReport {
  /** Comparisons of a match. */
  cases: number
  /** Of them: both found something. */
  matched: number
  /** Patterns that both refuse. */
  refused: number
  /** Patterns that only ours refuses: references back, and what costs too much. */
  strict: number
  /** The whole match differs, or glibc refuses what ours takes: a line for each. */
  readonly wrong: string[]
  /** Only a group within the match differs. */
  groups: number
}

const ATOMS = [
  ...'aabbxX01/._-',
  '.',
  '\\.',
  '\\d',
  '\\w',
  '\\W',
  '\\s',
  '\\b',
  '\\<',
  '\\>',
  '^',
  '$',
  '[ab]',
  '[^a]',
  '[]a]',
  '[^]a]',
  '[\\]a]',
  '[a-]',
  '[-a]',
  '[a-c]',
  '[[:alpha:]]',
  '[[:digit:]x]',
  '[[:upper:]]',
  '[[=a=]]',
  '[[.a.]-c]',
  '[%--]',
  '[---]',
  '[a-c-e]',
  '[z-a]',
  '[[:foo:]]',
  '[_-z]',
  '[Z-a]',
  '[[:alpha:]-z]',
  '\\(',
  '\\)',
  '\\{',
  '\\\\',
  '\\ ',
  '\\#',
  ')',
  '}',
  ']',
  '()',
  '(|a)',
  '(a|)',
  '(a|ab)(c|bcd)',
  '(ab|a)(bc)?',
  '\\1',
  '\xe9',
  '[\xe0-\xff]',
] as const
const TIMES = [
  '',
  '',
  '',
  '',
  '*',
  '+',
  '?',
  '{2}',
  '{,2}',
  '{1,}',
  '{0}',
  '{1,3}',
  '**',
  '+*',
  '{,}',
  '{2,1}',
  '{',
  '{a',
  '{1',
] as const
const REPEATED_GROUP = /\)[*+?{]/
const ANCHOR = /^(\\[b<>]|[\^$])$/
const CAN_BE_EMPTY = /^(\(\)|\(\|a\)|\(a\|\)|\\[bB<>]|[\^$])$/
const LETTERS = [...'aaabbbxX01/._-cz]\\ ){d', '\xe9', '\xff'] as const

export function fuzzPatterns(functions: Functions, cases: number, seed: number): PatternReport {
  const rng = new Rng(seed)
  const report: PatternReport = { cases: 0, matched: 0, refused: 0, strict: 0, wrong: [], groups: 0 }
  while (report.cases < cases) comparePattern(functions, randomPattern(rng, 3).text, rng, report)
  return report
}

function comparePattern(functions: Functions, pattern: string, rng: Rng, report: PatternReport): void {
  const ignoreCase = rng.chance(0.3)
  const theirs = GlibcRegex.compile(functions, pattern, ignoreCase)
  const ours = compile(pattern, ignoreCase)
  if (typeof theirs === 'number') {
    if (typeof ours === 'string') report.refused++
    else report.wrong.push(`${JSON.stringify(pattern)}: glibc refuses it (${theirs}), ours does not`)
    return
  }
  try {
    if (typeof ours === 'string') {
      if (/refers back|costly|ms for a hostile|cannot be used/.test(ours)) report.strict++
      else report.wrong.push(`${JSON.stringify(pattern)}: ours refuses it (${ours}), glibc does not`)
      return
    }
    for (let i = 0; i < 4; i++) compareMatch(ours, theirs, { pattern, ignoreCase }, rng, report)
  } finally {
    theirs.close()
  }
}

function compareMatch(
  ours: Pattern,
  theirs: GlibcRegex,
  shown: { pattern: string; ignoreCase: boolean },
  rng: Rng,
  report: PatternReport,
): void {
  const subject = Array.from({ length: rng.int(16) }, () => LETTERS[rng.int(LETTERS.length)]).join('')
  const from = rng.chance(0.2) ? rng.int(subject.length + 1) : 0
  const groups = REPEATED_GROUP.test(shown.pattern) ? 1 : 10
  const expected = theirs
    .find(subject.slice(from), groups, from > 0)
    ?.map(([begin, end]) => [begin + (begin < 0 ? 0 : from), end + (end < 0 ? 0 : from)])
  const found = ours.find(subject, from)
  report.cases++
  const [ourWhole, theirWhole] = [String(found?.[0]), String(expected?.[0])]
  if (ourWhole !== theirWhole) {
    report.wrong.push(`${JSON.stringify({ ...shown, subject, from })}: ours ${ourWhole}, glibc ${theirWhole}`)
  } else if (found !== undefined) {
    report.matched++
    const both = Math.min(groups, found.length)
    if (String(found.slice(0, both)) !== String(expected?.slice(0, both))) report.groups++
  }
}

/** The pattern, or why it is refused. */
function compile(pattern: string, ignoreCase: boolean): Pattern | string {
  try {
    return Pattern.posix(pattern, ignoreCase)
  } catch (error) {
    if (error instanceof PatternError) return error.message
    throw error
  }
}

/**
 * Two things are left out because glibc fails at them: to repeat what repeats a part that can be empty (`repeatsEmpty`) keeps it busy for
 * ever, and in a repeated part it matches anchors (`hasAnchor`) where they do not hold.
 */
interface Made {
  readonly text: string
  readonly hasAnchor: boolean
  readonly canBeEmpty: boolean
  readonly repeatsEmpty: boolean
}

function randomPattern(rng: Rng, depth: number): Made {
  let made = EMPTY
  for (let pieces = 1 + rng.int(4); pieces > 0; pieces--) {
    const { text, hasAnchor, canBeEmpty, repeatsEmpty } = randomPiece(rng, depth)
    made = {
      text: made.text + text,
      hasAnchor: made.hasAnchor || hasAnchor,
      canBeEmpty: made.canBeEmpty && canBeEmpty,
      repeatsEmpty: made.repeatsEmpty || repeatsEmpty,
    }
  }
  if (!rng.chance(0.25)) return made
  const other = depth > 0 ? randomPattern(rng, depth - 1) : EMPTY
  return {
    text: `${made.text}|${other.text}`,
    hasAnchor: made.hasAnchor || other.hasAnchor,
    canBeEmpty: made.canBeEmpty || other.canBeEmpty,
    repeatsEmpty: made.repeatsEmpty || other.repeatsEmpty,
  }
}

const EMPTY: Made = { text: '', hasAnchor: false, canBeEmpty: true, repeatsEmpty: false }

function randomPiece(rng: Rng, depth: number): Made {
  const atom = randomAtom(rng, depth)
  const times = TIMES[rng.int(TIMES.length)]
  if (times === '' || atom.repeatsEmpty || (atom.hasAnchor && atom.text.startsWith('('))) return atom
  if (atom.canBeEmpty && times.length === 2 && !times.startsWith('{')) return atom
  return {
    text: atom.text + times,
    hasAnchor: atom.hasAnchor,
    canBeEmpty: atom.canBeEmpty || /[*?]|\{[,0]/.test(times),
    repeatsEmpty: atom.canBeEmpty || times.length === 2,
  }
}

function randomAtom(rng: Rng, depth: number): Made {
  if (depth > 0 && rng.chance(0.25)) {
    const inner = randomPattern(rng, depth - 1)
    return { ...inner, text: `(${inner.text})` }
  }
  const text = ATOMS[rng.int(ATOMS.length)]
  return { text, hasAnchor: ANCHOR.test(text), canBeEmpty: CAN_BE_EMPTY.test(text), repeatsEmpty: text.includes('?') }
}
