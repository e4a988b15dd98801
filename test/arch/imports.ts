/** Reads which module imports which, without a compiler: enough of the language to find import statements. */

export interface Import {
  /** As written: `./x.ts`, `node:fs`, `commander`. */
  readonly specifier: string
  /** Gone after type stripping. */
  readonly typeOnly: boolean
}

/** Every import and re-export of a source text, static and dynamic. */
export function importsOf(source: string): Import[] {
  const code = blankComments(source)
  const found: Import[] = []
  const statement = /^[ \t]*(import|export)\b(?!\s*\()([^'"`;]*?)\bfrom\s*(['"])([^'"\n]+)\3/gm
  for (const match of code.matchAll(statement)) {
    found.push({ specifier: match[4] ?? '', typeOnly: /^\s+type\s+[^,]/.test(match[2] ?? '') })
  }
  for (const match of code.matchAll(/^[ \t]*import\s*(['"])([^'"\n]+)\1/gm)) {
    found.push({ specifier: match[2] ?? '', typeOnly: false })
  }
  for (const match of code.matchAll(/\b(?:import|require)\s*\(\s*(['"`])([^'"`\n]+)\1/g)) {
    found.push({ specifier: match[2] ?? '', typeOnly: false })
  }
  return found
}

/** The same text with comments as spaces, so that line numbers stay. */
export function blankComments(source: string): string {
  return blank(source, false)
}

/** The same text with comments and the insides of strings, templates and regular expressions as spaces. */
export function blankTexts(source: string): string {
  return blank(source, true)
}

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y
const STRING = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`/y
const REGEX = /\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
/** After these a slash begins a regular expression; elsewhere it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};>+\-*%~^]|\breturn|\btypeof|\bcase)\s*$/

function blank(source: string, texts: boolean): string {
  let out = ''
  let at = 0
  while (at < source.length) {
    const comment = matchAt(COMMENT, source, at)
    const text = comment ?? matchAt(STRING, source, at) ?? regexAt(source, at, out)
    const token = comment ?? text
    if (token === undefined) {
      out += source[at]
      at += 1
    } else {
      out += comment !== undefined || texts ? token.replace(/[^\n]/g, ' ') : token
      at += token.length
    }
  }
  return out
}

function regexAt(source: string, at: number, before: string): string | undefined {
  return source[at] === '/' && BEFORE_REGEX.test(before.slice(-40)) ? matchAt(REGEX, source, at) : undefined
}

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(source)?.[0]
}
