/** Times rules on names that are made to keep them busy. A pattern is refused when it is loaded, or never takes long. */
import { performance } from 'node:perf_hooks'
import { Pattern } from '../../src/content/remap/pattern.ts'
import { PatternError } from '../../src/content/remap/posix-pattern.ts'
import { NAME_MAX_BYTES } from '../../src/content/names.ts'
import type { Rng } from '../../src/lab/rng.ts'

export interface HostileReport {
  accepted: number
  refused: number
  /** The slowest search of all, its fastest try. */
  worstMs: number
  worst: string
}

/** Patterns that keep a backtracking engine busy for ever, and those that keep any engine busy. */
const KNOWN = [
  '(a*)*b',
  '(a+)+$',
  '(a|a)*b',
  '(a|aa)+$',
  '(.*)*x',
  '(x+x+)+y',
  '([a-z]+)*1',
  '(a*a*a*)*c',
  '(((a*)*)*)*b',
  '^(a+)*(b+)*(c+)*$',
  '(a?){60}a{60}',
  '(a?){200}a{200}',
  '(.*a){20}',
  '(.*,){40}P',
  '[[:alnum:]_-]{1,255}',
  '(a{1,30}){1,16}',
  '((a{1,20}){1,20})',
  '.*.*.*.*.*=.*',
  '(a|b|ab)*c',
  '(.|.)*x',
  '([ab]*a[ab]{8})',
  '([ab]*a[ab]{60})',
  '([ab]*a[ab]{250})',
  '(\\w+\\s?)*$',
  '\\b(\\w+)*\\b!',
  '(a*){1,100}b',
  '(|a|aa)*$',
  `${'(a|'.repeat(40)}b${')*'.repeat(40)}`,
  'a{500}',
  '(ab?){0,300}',
  `(${'a?'.repeat(100)})${'a'.repeat(100)}`,
]
const PARTS = ['a', 'b', '.', '[ab]', '\\w', '[^a]', '\\<', '\\>', '^', '$', 'ab', 'a|b', 'a|ab', '|a'] as const
const TIMES = ['', '*', '+', '?', '{2,9}', '{,30}', '{40}', '{1,99}', '*', '+'] as const

export function hostileRules(random: number, rng: Rng): HostileReport {
  const report: HostileReport = { accepted: 0, refused: 0, worstMs: 0, worst: '' }
  for (const pattern of KNOWN) tryPattern(pattern, rng, report)
  for (let i = 0; i < random; i++) tryPattern(randomPattern(rng, 4), rng, report)
  return report
}

function tryPattern(text: string, rng: Rng, report: HostileReport): void {
  let pattern: Pattern
  try {
    pattern = Pattern.posix(text, rng.chance(0.3))
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    report.refused++
    return
  }
  report.accepted++
  for (const name of hostileNames(rng)) {
    const ms = fastest(() => pattern.find(name))
    if (ms <= report.worstMs) continue
    report.worstMs = ms
    report.worst = text
  }
}

/** Others than those that patterns are tried with when they are loaded. */
function hostileNames(rng: Rng): string[] {
  const unit = Array.from({ length: 1 + rng.int(6) }, () => 'ab/x1'[rng.int(5)]).join('')
  const repeated = unit.repeat(NAME_MAX_BYTES).slice(0, NAME_MAX_BYTES)
  const mixed = Array.from({ length: NAME_MAX_BYTES }, () => 'aaab'[rng.int(4)]).join('')
  return [repeated, mixed, `${'a'.repeat(NAME_MAX_BYTES - 1)}!`, `${'ab'.repeat(NAME_MAX_BYTES / 2 - 1)}x!`]
}

/** In milliseconds. Another process may take the core during one of the tries. */
function fastest(search: () => unknown): number {
  let best = Infinity
  for (let tries = 0; tries < 30 && best > 2; tries++) {
    const before = performance.now()
    search()
    best = Math.min(best, performance.now() - before)
  }
  return best
}

function randomPattern(rng: Rng, depth: number): string {
  let text = ''
  for (let pieces = 1 + rng.int(3); pieces > 0; pieces--) {
    const part = depth > 0 && rng.chance(0.6) ? randomPattern(rng, depth - 1) : PARTS[rng.int(PARTS.length)]
    text += `(${part})${TIMES[rng.int(TIMES.length)]}`
  }
  return text
}
