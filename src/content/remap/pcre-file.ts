/**
 * Rules for names that are missing, as atftpd has them (`--pcre`): `PATTERN REPLACEMENT` in a line, a Perl pattern and `$0` to `$9`. The first
 * rule that matches replaces its match, once.
 */
import { NO_CLIENT } from './client.ts'
import { faultAt, linesOf, patternAt, RULES_MAX, type RuleFile } from './map-file.ts'
import { Pattern } from './pattern.ts'
import { Replacement } from './replacement.ts'

interface Fallback {
  readonly line: number
  readonly text: string
  readonly pattern: Pattern
  readonly replacement: Replacement
}

export interface Replaced {
  readonly name: string
  readonly line: number
  /** The rule as it stands in the file. */
  readonly text: string
}

export class FallbackRules {
  readonly #rules: readonly Fallback[]

  /** Throws ERR_TFTP_USAGE with FILE:LINE. */
  constructor({ file, text }: RuleFile) {
    const rules: Fallback[] = []
    for (const [index, line] of linesOf(text).entries()) {
      const trimmed = line.trim()
      if (trimmed === '' || trimmed.startsWith('#')) continue
      const at = { file, line: index + 1 }
      const [pattern, replacement, more] = trimmed.split(/\s+/)
      if (replacement === undefined || more !== undefined) {
        throw faultAt(at, 'a rule is a pattern and a replacement, with white space between them and none within')
      }
      if (rules.length >= RULES_MAX) throw faultAt(at, `there are more than ${RULES_MAX} rules; use fewer`)
      rules.push({
        line: at.line,
        text: trimmed,
        pattern: patternAt(at, () => Pattern.perl(pattern)),
        replacement: Replacement.dollar(replacement),
      })
    }
    this.#rules = rules
  }

  /** Undefined when no rule matches. `name` is bytes as latin1. */
  apply(name: string): Replaced | undefined {
    for (const { line, text, pattern, replacement } of this.#rules) {
      const match = pattern.find(name)
      if (match === undefined) continue
      const [begin, end] = match[0]
      const replaced = name.slice(0, begin) + replacement.expand(name, match, NO_CLIENT) + name.slice(end)
      return { name: replaced, line, text }
    }
    return undefined
  }
}
