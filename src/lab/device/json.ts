/** JSON that remembers on which line each value stands, so that a mistake in a data file can be pointed at. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export interface Located {
  readonly value: Json
  /** The line (from 1) of the value at a path such as `faults[0].p`; that of its nearest parent when it is not there. */
  lineOf(path: string): number
}

/** What is wrong with the text itself. */
export class JsonSyntaxError extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/** Deeper nesting than this is no data file of ours. */
const MAX_DEPTH = 32

export function readJson(text: string): Located {
  const lines = new Map<string, number>()
  const value = new Reader(text, lines).document()
  return {
    value,
    lineOf(path) {
      for (let at = path; ; at = at.replace(/(\.[^.[\]]*|\[\d+\]|^[^.[]+)$/, '')) {
        const line = lines.get(at)
        if (line !== undefined || at === '') return line ?? 1
      }
    },
  }
}

class Reader {
  #at = 0
  #line = 1
  readonly #text: string
  readonly #lines: Map<string, number>

  constructor(text: string, lines: Map<string, number>) {
    this.#text = text
    this.#lines = lines
  }

  document(): Json {
    const value = this.#value('', 0)
    this.#space()
    if (this.#at < this.#text.length) this.#fail('nothing more after the end of the object')
    return value
  }

  #value(path: string, depth: number): Json {
    this.#space()
    this.#lines.set(path, this.#line)
    if (depth > MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} levels`)
    const c = this.#text[this.#at]
    if (c === '{') return this.#object(path, depth)
    if (c === '[') return this.#array(path, depth)
    return this.#scalar()
  }

  #object(path: string, depth: number): Json {
    const entries: [string, Json][] = []
    this.#at++
    if (this.#next('}')) return {}
    do {
      this.#space()
      if (this.#text[this.#at] !== '"') this.#fail('a name in double quotes')
      const line = this.#line
      const name = this.#scalar() as string
      if (entries.some(([known]) => known === name)) this.#fail(`"${name}" only once`)
      if (!this.#next(':')) this.#fail(`a colon after "${name}"`)
      const inner = path === '' ? name : `${path}.${name}`
      entries.push([name, this.#value(inner, depth + 1)])
      this.#lines.set(inner, line)
    } while (this.#next(','))
    if (!this.#next('}')) this.#fail('a comma or }')
    return Object.fromEntries(entries)
  }

  #array(path: string, depth: number): Json {
    const items: Json[] = []
    this.#at++
    if (this.#next(']')) return items
    do items.push(this.#value(`${path}[${items.length}]`, depth + 1))
    while (this.#next(','))
    if (!this.#next(']')) this.#fail('a comma or ]')
    return items
  }

  #scalar(): Json {
    const pattern = /"(?:[^"\\\n]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/y
    pattern.lastIndex = this.#at
    const token = pattern.exec(this.#text)?.[0]
    if (token === undefined) this.#fail('a value')
    try {
      const value = JSON.parse(token) as Json
      this.#at += token.length
      return value
    } catch {
      return this.#fail('a value')
    }
  }

  #next(mark: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== mark) return false
    this.#at++
    return true
  }

  #space(): void {
    for (; /[ \t\r\n]/.test(this.#text[this.#at] ?? ''); this.#at++) if (this.#text[this.#at] === '\n') this.#line++
  }

  #fail(expected: string): never {
    const found =
      this.#at >= this.#text.length
        ? 'the end of the file'
        : `\`${this.#text
            .slice(this.#at)
            .split(/[\r\n]/)[0]
            .slice(0, 20)}\``
    throw new JsonSyntaxError(this.#line, `expected ${expected}, found ${found}`)
  }
}
