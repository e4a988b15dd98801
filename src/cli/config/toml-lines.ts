/** Where each key of a TOML text stands. The text must be valid TOML: the parser has read it before. */

/** Lines, counted from 1, by the path of the key with dots between: `port`, `rule.0.client`. A table has the line of its first header. */
export function keyLines(text: string): ReadonlyMap<string, number> {
  return new Scan(text).lines
}

/** The line of a key, or of the nearest one around it that has a line. */
export function lineOf(lines: ReadonlyMap<string, number>, path: readonly (string | number)[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(path.slice(0, length).join('.'))
    if (line !== undefined) return line
  }
  return undefined
}

class Scan {
  readonly lines = new Map<string, number>()
  readonly #text: string
  #at = 0
  #line = 1
  /** The path of the table that keys belong to, with a dot behind. */
  #table = ''
  /** Of each array of tables, how many there were. */
  readonly #counts = new Map<string, number>()

  constructor(text: string) {
    this.#text = text
    while (this.#at < text.length) this.#statement()
  }

  #statement(): void {
    const c = this.#text[this.#at]
    if (c === '[') return this.#header()
    if (c === '#') return this.#skipComment()
    if (c === ' ' || c === '\t' || c === '\r' || c === '\n') return this.#step()
    const line = this.#line
    this.#note(this.#table + this.#key().join('.'), line)
    this.#value()
  }

  #header(): void {
    const line = this.#line
    const isArray = this.#text.startsWith('[[', this.#at)
    this.#at += isArray ? 2 : 1
    const path = this.#key().map((part, index, parts) => {
      // Below an array of tables its last table is meant.
      const count = this.#counts.get(parts.slice(0, index + 1).join('.'))
      return count === undefined || index === parts.length - 1 ? part : `${part}.${count - 1}`
    })
    const name = path.join('.')
    this.#note(name, line)
    if (isArray) {
      const count = this.#counts.get(name) ?? 0
      this.#counts.set(name, count + 1)
      this.#note(`${name}.${count}`, line)
      this.#table = `${name}.${count}.`
    } else this.#table = `${name}.`
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++
  }

  #note(path: string, line: number): void {
    if (!this.lines.has(path)) this.lines.set(path, line)
  }

  /** The parts of a dotted key; the position is behind its `=` or `]` afterwards. */
  #key(): string[] {
    const parts: string[] = ['']
    for (;;) {
      const c = this.#text[this.#at]
      if (c === undefined) return parts
      if (c === '=' || c === ']') {
        this.#at++
        return parts
      }
      if (c === '"' || c === "'") parts[parts.length - 1] = this.#quoted()
      else {
        if (c === '.') parts.push('')
        else if (c !== ' ' && c !== '\t') parts[parts.length - 1] += c
        this.#at++
      }
    }
  }

  /** Passes over a value: to the end of its line, or of the lines that brackets and long texts take. */
  #value(): void {
    for (let depth = 0; this.#at < this.#text.length; ) {
      const c = this.#text[this.#at]
      if (c === '\n' && depth === 0) return
      if (c === '"' || c === "'") this.#quoted()
      else if (c === '#') this.#skipComment()
      else {
        if (c === '[' || c === '{') depth++
        if (c === ']' || c === '}') depth--
        this.#step()
      }
    }
  }

  /** Passes over a text, and returns it as it is written. */
  #quoted(): string {
    const c = this.#text[this.#at] as string
    const quote = this.#text.startsWith(c.repeat(3), this.#at) ? c.repeat(3) : c
    this.#at += quote.length
    const start = this.#at
    while (this.#at < this.#text.length && !this.#text.startsWith(quote, this.#at)) {
      if (c === '"' && this.#text[this.#at] === '\\') this.#step()
      this.#step()
    }
    const content = this.#text.slice(start, this.#at)
    this.#at += quote.length
    // A long text may end with quotes of its own.
    if (quote.length === 3) while (this.#text[this.#at] === c) this.#at++
    return content
  }

  #skipComment(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++
  }

  #step(): void {
    if (this.#text[this.#at] === '\n') this.#line++
    this.#at++
  }
}
