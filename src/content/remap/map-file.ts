/**
 * Reads the map files of tftp-hpa, as 5.2 and 6.0 have them: one rule a line, `OPERATION PATTERN [REPLACEMENT]`, or a label, `:NAME`.
 * White space parts the fields; a backslash before white space or `#` keeps it in a field, and `#` begins a comment.
 */
import { ForesendError } from '../../error.ts'
import { NO_CLIENT } from './client.ts'
import { Pattern } from './pattern.ts'
import { PatternError } from './posix-pattern.ts'
import { Replacement } from './replacement.ts'

/** The text of a file of rules: plain data that crosses threads. */
export interface RuleFile {
  /** Where it was read, for messages. */
  readonly file: string
  /** Its bytes as latin1. */
  readonly text: string
}

export interface Rule {
  readonly line: number
  /** As it stands in the file, for a person. */
  readonly text: string
  readonly operations: ReadonlySet<string>
  readonly pattern: Pattern
  readonly replacement: Replacement
}

export interface MapFile {
  readonly rules: readonly Rule[]
  /** Position in `rules` of what follows each label. */
  readonly labels: ReadonlyMap<string, number>
}

/** Letters of an operation; `gg` is kept as a letter of its own. */
const OPERATIONS = 'rgeEsajiGP46~'
/** Pairs that tftp-hpa refuses, and those that no request can satisfy. */
const CONFLICTS = ['r~', 'ra', 'rj', 'aj', 'as', 'ej', 'ea', 'es', 'eE', 'Ej', 'Ea', 'Es', 'GP', '46'] as const
/** A file of rules that is larger was made by a program that wants another tool: each request walks through all of them. */
export const RULES_MAX = 1000

/** Throws ERR_TFTP_USAGE with FILE:LINE, what is wrong there and what to do. */
export function parseMapFile(source: RuleFile): MapFile {
  const rules: Rule[] = []
  const labels = new Map<string, number>()
  for (const [index, line] of linesOf(source.text).entries()) {
    const fields = fieldsOf(line)
    const [operation] = fields
    if (operation === undefined) continue
    const at = { file: source.file, line: index + 1 }
    if (operation.startsWith(':') && operation.length > 1) {
      const label = operation.slice(1)
      if (labels.has(label)) throw faultAt(at, `the label ${label} is there twice; give one of them another name`)
      labels.set(label, rules.length)
      continue
    }
    if (rules.length >= RULES_MAX) throw faultAt(at, `there are more than ${RULES_MAX} rules; use fewer`)
    rules.push(ruleOf(fields, line.trim(), at))
  }
  requireLabels(rules, labels, source.file)
  return { rules, labels }
}

/** Where something stands in a file. */
interface Place {
  readonly file: string
  readonly line: number
}

export function faultAt({ file, line }: Place, message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', `${file}:${line}: ${message}`, { fault: 'local' })
}

export function linesOf(text: string): string[] {
  return text.replace(/[\r\0]/g, '').split('\n')
}

/** Fields keep their backslashes: in a pattern and in a replacement they say the same there. */
function fieldsOf(line: string): string[] {
  const [rule] = /^(?:\\[^]|[^#\\]|\\$)*/.exec(line) ?? ['']
  return rule.match(/(?:\\[^]|[^\s\\]|\\$)+/g) ?? []
}

function ruleOf([operation, pattern, replacement = '']: string[], text: string, at: Place): Rule {
  const operations = operationsOf(operation, at)
  if (pattern === undefined)
    throw faultAt(at, 'the pattern is missing; a rule is an operation, a pattern, and mostly a replacement')
  if (operations.has('j') && replacement === '')
    throw faultAt(at, 'the label to jump to is missing; it stands behind the pattern')
  return {
    line: at.line,
    text,
    operations,
    pattern: patternAt(at, () => Pattern.posix(pattern, operations.has('i'))),
    replacement: Replacement.hpa(replacement),
  }
}

/** Says where a pattern stands that cannot be used. */
export function patternAt(at: Place, compile: () => Pattern): Pattern {
  try {
    return compile()
  } catch (error) {
    if (error instanceof PatternError) throw faultAt(at, `the pattern ${error.message}`)
    throw error
  }
}

function operationsOf(operation: string, at: Place): ReadonlySet<string> {
  const operations = new Set<string>()
  for (const letter of operation) {
    if (!OPERATIONS.includes(letter)) {
      throw faultAt(at, `"${letter}" is no operation; there are r, g, gg, i, e, E, s, a, j, G, P, 4, 6 and ~`)
    }
    operations.add(letter === 'g' && operations.has('g') ? 'gg' : letter)
  }
  for (const [one, other] of CONFLICTS) {
    if (operations.has(one) && operations.has(other)) {
      throw faultAt(at, `${one} and ${other} cannot stand in one rule; make two rules of it`)
    }
  }
  return operations
}

/** A jump to a label that is nowhere would refuse every request that comes to it. */
function requireLabels(rules: readonly Rule[], labels: ReadonlyMap<string, number>, file: string): void {
  for (const { operations, replacement, line } of rules) {
    if (!operations.has('j') || !replacement.isFixed) continue
    const label = replacement.expand('', undefined, NO_CLIENT)
    if (!labels.has(label)) throw faultAt({ file, line }, `there is no label ${label}; add a line :${label}`)
  }
}
