/** Files of shell assignments, as in /etc/default: read, never run. */
import { usageError } from '../../exit.ts'
import type { Source } from './contract.ts'

export interface Assignment {
  readonly name: string
  /** Without its quotes. */
  readonly value: string
  readonly line: number
}

/** Throws ERR_TFTP_USAGE, with the line, for what is no plain assignment: a substitution, a command, a quote that does not end. */
export function assignments({ file, text }: Source): Assignment[] {
  return text.split(/\r?\n/).flatMap((source, index) => {
    const line = index + 1
    const bare = source.trim()
    if (bare === '' || bare.startsWith('#')) return []
    const match = /^(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(bare)
    if (match === null)
      throw usageError(`${file}:${line}: this is no assignment such as NAME="value"; take it out for the import`)
    const [, name = '', value = ''] = match
    const words = wordsOf(value, `${file}:${line}`)
    if (words.length > 1)
      throw usageError(`${file}:${line}: a command behind an assignment is not run; take it out for the import`)
    return [{ name, value: words[0] ?? '', line }]
  })
}

/** `text` as words, by the shell's quotes. `where` is for messages. */
export function wordsOf(text: string, where: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const c = text[at] as string
    if (quote === "'" && c !== "'") word = (word ?? '') + c
    else if (c === '\\' && quote !== "'") word = (word ?? '') + (text[++at] ?? '')
    else if (c === '$' || c === '`') {
      throw usageError(`${where}: ${c} is replaced by a shell, and no shell runs here; write its value`)
    } else if (c === '"' || c === "'") {
      quote = quote === '' ? c : quote === c ? '' : quote
      word = quote !== '' && quote !== c ? word + c : (word ?? '')
    } else if (quote !== '') word = (word ?? '') + c
    else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (c === '#' && word === undefined) break
    else word = (word ?? '') + c
  }
  if (quote !== '') throw usageError(`${where}: the quote ${quote} does not end`)
  if (word !== undefined) words.push(word)
  return words
}
