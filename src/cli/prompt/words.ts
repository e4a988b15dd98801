/** A typed line as words. */
import { usageError } from '../exit.ts'

/**
 * Splits at blanks. Quotes of either kind hold a word together, and a backslash before a blank, a quote or a backslash takes that
 * literally; before anything else it stands for itself, as names on Windows have it. Throws ERR_TFTP_USAGE for a quote without its end.
 */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const c = line[i] as string
    const next = line[i + 1]
    if (c === '\\' && next !== undefined && /[\s"'\\]/.test(next)) {
      word = (word ?? '') + next
      i++
    } else if (quote !== '') {
      if (c === quote) quote = ''
      else word += c
    } else if (c === '"' || c === "'") {
      quote = c
      word ??= ''
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + c
  }
  if (quote !== '') throw usageError(`a ${quote} has no end: close it, or write \\${quote} for the character itself`)
  return word === undefined ? words : [...words, word]
}
