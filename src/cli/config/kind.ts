/**
 * What a setting may be. One parser decides for the flag and for the key of the file, so the two cannot take different things; it
 * throws commander's InvalidArgumentError with a sentence that begins with "It takes".
 */
import { InvalidArgumentError } from 'commander'
import * as v from 'valibot'

/** A setting's value: plain data, as TOML has it. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value }

export type Kind =
  /** On or off. Its flag takes no value. */
  | { readonly type: 'switch'; readonly isOn: boolean }
  /** A number in the file. */
  | { readonly type: 'number'; readonly parse: (text: string) => number }
  /** A text in the file. */
  | { readonly type: 'text'; readonly parse: (text: string) => string }
  /** A file or folder: a relative one in the file is relative to the file's folder. */
  | { readonly type: 'path' }
  /** A word or a number. */
  | { readonly type: 'either'; readonly parse: (text: string) => string | number }
  /** Several values: a flag that is repeated, a text or an array of texts in the file. */
  | {
      readonly type: 'list'
      readonly parse: (text: string, before: readonly string[] | undefined) => readonly string[]
      /** What an item of the file becomes where it has a relative path in it. */
      readonly place?: (folder: string, item: string) => string
    }

  /** Tables of settings of their own: `[[key]]` in the file, the inside of an inline table for each flag. */
  | { readonly type: 'tables'; readonly settings: readonly Setting[] }

export interface Setting {
  /** Of the file; with two dashes in front it is the flag. */
  readonly key: string
  /** A value that makes sense, for the file that `config init` writes. */
  readonly example: Value
  /** What stands behind the flag in the help, such as `<N>`; empty for a switch. */
  readonly value: string
  readonly help: string
  readonly kind: Kind
  /** The member of the server's configuration, or of a rule, that it becomes. Without one it is the command's own. */
  readonly member?: string
  /** The command goes by it too. */
  readonly isOwn?: true
}

/** A path's text, taken as it is. */
export function pathText(text: string): string {
  if (text === '' || text.includes('\0')) throw new InvalidArgumentError('It takes the path of a file or folder.')
  return text
}

/** Checks a value of the file that is no table, and makes of it what the flag's parser makes of a text. */
export function schemaOf(kind: Exclude<Kind, { type: 'tables' }>): v.GenericSchema<unknown, Value> {
  switch (kind.type) {
    case 'switch':
      return v.boolean('It takes true or false.')
    case 'number':
      return parsed(v.number('It takes a number, without quotes.'), (value) => kind.parse(String(value)))
    case 'text':
      return parsed(v.string('It takes a text in quotes.'), kind.parse)
    case 'path':
      return parsed(v.string('It takes a path in quotes.'), pathText)
    case 'either':
      return parsed(v.union([v.string(), v.number()], 'It takes a word in quotes, or a number.'), (value) =>
        kind.parse(String(value)),
      )
    case 'list':
      return parsed(
        v.union([v.string(), v.array(v.string())], 'It takes a text in quotes, or several: ["a", "b"].'),
        (value) => collected(kind.parse, typeof value === 'string' ? [value] : value),
      )
  }
}

/** The values of a list, one by one as repeated flags are. */
function collected(
  parse: (text: string, before: readonly string[] | undefined) => readonly string[],
  texts: readonly string[],
): readonly string[] {
  let values: readonly string[] = []
  for (const text of texts) values = parse(text, values)
  return values
}

/** `schema`, and then what the flag's parser makes of the value. */
function parsed<T>(schema: v.GenericSchema<unknown, T>, parse: (value: T) => Value): v.GenericSchema<unknown, Value> {
  return v.pipe(
    schema,
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return parse(dataset.value)
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error
        addIssue({ message: error.message })
        return NEVER
      }
    }),
  )
}
