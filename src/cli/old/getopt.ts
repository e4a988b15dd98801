/** Reads a command line as getopt_long(3) does: options and words in any order, clusters of letters, beginnings of long names. */
import { usageError } from '../exit.ts'

export interface OldOption {
  /** What it is called in messages and results. */
  readonly name: string
  readonly letter?: string
  /** Other long names for the same. */
  readonly also?: readonly string[]
  readonly value: 'none' | 'needed' | 'optional'
}

export interface Parsed {
  /** In the order of the command line; the value is empty for an option that has none. */
  readonly options: readonly { readonly name: string; readonly value: string }[]
  readonly words: readonly string[]
}

/** Throws ERR_TFTP_USAGE for an option that `program` does not have. */
export function getopt(program: string, table: readonly OldOption[], args: readonly string[]): Parsed {
  const options: { name: string; value: string }[] = []
  const words: string[] = []
  const rest = [...args]
  const valueFor = (shown: string): string => {
    const value = rest.shift()
    if (value === undefined) throw usageError(`${program}: ${shown} needs a value behind it`)
    return value
  }
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      words.push(...rest.splice(0))
    } else if (arg.startsWith('--')) {
      const [long = '', ...parts] = arg.slice(2).split('=')
      const option = longOption(program, table, long)
      const given = parts.length === 0 ? undefined : parts.join('=')
      if (given !== undefined && option.value === 'none') throw usageError(`${program}: --${long} takes no value`)
      options.push({ name: option.name, value: given ?? (option.value === 'needed' ? valueFor(`--${long}`) : '') })
    } else if (arg.startsWith('-') && arg.length > 1) {
      for (let at = 1; at < arg.length; at++) {
        const letter = arg[at] as string
        const option = table.find((known) => known.letter === letter)
        if (option === undefined)
          throw usageError(`${program}: unknown option -${letter}; \`foresend ${program} --help\` lists all`)
        const joined = arg.slice(at + 1)
        if (option.value !== 'none' && joined !== '') at = arg.length
        const value =
          option.value === 'none' ? '' : joined !== '' || option.value === 'optional' ? joined : valueFor(`-${letter}`)
        options.push({ name: option.name, value })
      }
    } else words.push(arg)
  }
  return { options, words }
}

function longOption(program: string, table: readonly OldOption[], long: string): OldOption {
  const names = (option: OldOption): readonly string[] => [option.name, ...(option.also ?? [])]
  const exact = table.find((option) => names(option).includes(long))
  if (exact !== undefined) return exact
  const begun = table.filter((option) => names(option).some((name) => name.startsWith(long)))
  if (begun.length === 1 && long !== '') return begun[0] as OldOption
  throw usageError(
    `${program}: ${begun.length > 1 ? 'ambiguous' : 'unknown'} option --${long}; \`foresend ${program} --help\` lists all`,
  )
}

/** The page for `--help`: how it is called, and each option once. */
export function optionsPage(usage: string, table: readonly OldOption[]): string {
  const lines = table.map(({ name, letter, also = [], value }) => {
    const names = [...(letter === undefined ? [] : [`-${letter}`]), ...[name, ...also].map((long) => `--${long}`)]
    return `  ${names.join(', ')}${{ none: '', needed: ' VALUE', optional: '[=VALUE]' }[value]}\n`
  })
  return `Usage: ${usage}\n\nOptions, with the meaning that they have there:\n${lines.join('')}\ndocs/migrate.md of Foresend says what each becomes here.\n`
}

/** A whole number that stands behind `option`, which the message names. Throws ERR_TFTP_USAGE. */
export function optionNumber(option: string, text: string | undefined, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw usageError(`${option} takes a number from ${min} to ${max}, not ${text}`)
  return value
}
