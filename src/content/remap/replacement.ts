/** The replacement of a rule: what stands in the place of a match. */
import type { ClientAddress } from './client.ts'
import type { Match } from './pattern.ts'

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'group'; readonly group: number }
  /** The client's address: as usual (`i`) or in hexadecimal (`x`). */
  | { readonly type: 'client'; readonly form: 'i' | 'x' }
  /** Letters from here on: U upper case, L lower case, E as they are. */
  | { readonly type: 'case'; readonly form: 'U' | 'L' | 'E' }

export class Replacement {
  readonly #parts: readonly Part[]

  constructor(parts: readonly Part[]) {
    this.#parts = parts
  }

  /** `\0` to `\9`, `\i`, `\x`, `\U`, `\L`, `\E`; a backslash before anything else makes it a plain character. */
  static hpa(text: string): Replacement {
    const parts: Part[] = []
    for (let at = 0; at < text.length; at++) {
      const letter = text[at] === '\\' && at + 1 < text.length ? text[++at] : undefined
      if (letter === undefined) parts.push({ type: 'text', text: text[at] })
      else if (letter >= '0' && letter <= '9') parts.push({ type: 'group', group: Number(letter) })
      else if (letter === 'i' || letter === 'x') parts.push({ type: 'client', form: letter })
      else if (letter === 'U' || letter === 'L' || letter === 'E') parts.push({ type: 'case', form: letter })
      else parts.push({ type: 'text', text: letter })
    }
    return new Replacement(parts)
  }

  /** `$0` to `$9`. */
  static dollar(text: string): Replacement {
    const parts: Part[] = []
    for (let at = 0; at < text.length; at++) {
      const digit = text[at] === '$' ? text.charAt(at + 1) : ''
      if (digit >= '0' && digit <= '9') {
        parts.push({ type: 'group', group: Number(digit) })
        at++
      } else {
        parts.push({ type: 'text', text: text[at] })
      }
    }
    return new Replacement(parts)
  }

  /** True when it is the same text for every client and every match. */
  get isFixed(): boolean {
    return this.#parts.every(({ type }) => type === 'text' || type === 'case')
  }

  get usesClient(): boolean {
    return this.#parts.some(({ type }) => type === 'client')
  }

  /** `match` in `subject`; without one its groups are empty. */
  expand(subject: string, match: Match | undefined, client: ClientAddress): string {
    let expanded = ''
    let form: 'U' | 'L' | 'E' = 'E'
    for (const part of this.#parts) {
      if (part.type === 'case') form = part.form
      else expanded += inCase(textOf(part, subject, match, client), form)
    }
    return expanded
  }
}

function textOf(
  part: Exclude<Part, { type: 'case' }>,
  subject: string,
  match: Match | undefined,
  client: ClientAddress,
): string {
  if (part.type === 'text') return part.text
  if (part.type === 'client') return part.form === 'i' ? client.text : client.hex
  const [begin, end] = match?.[part.group] ?? [-1, -1]
  return begin < 0 ? '' : subject.slice(begin, end)
}

/** ASCII letters alone, as in the C locale. */
function inCase(text: string, form: 'U' | 'L' | 'E'): string {
  if (form === 'U') return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
  return form === 'L' ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text
}
