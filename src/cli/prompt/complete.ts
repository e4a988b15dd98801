/** What the tab key offers. */
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { COMMANDS, MODE_NAMES, OPTION_NAMES } from './commands.ts'

/** Candidates for the last word of `line`, and that word (readline's completer). */
export function complete(line: string): [string[], string] {
  const [command = '', ...rest] = line.trimStart().split(/\s+/)
  const last = rest.at(-1)
  if (last === undefined)
    return [
      beginning(
        command,
        COMMANDS.map(({ name }) => name),
      ),
      command,
    ]
  return [candidates(command, rest.length, last), last]
}

function candidates(command: string, place: number, word: string): string[] {
  if (command === 'help' || command === '?')
    return beginning(
      word,
      COMMANDS.map(({ name }) => name),
    )
  if (command === 'mode') return beginning(word, MODE_NAMES)
  if (command === 'option') return place === 1 ? beginning(word, OPTION_NAMES) : beginning(word, ['disable'])
  if (command === 'put' || (command === 'get' && place === 2)) return localFiles(word)
  return []
}

function beginning(word: string, names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith(word)).map((name) => `${name} `)
}

/** Names in the folder that `word` points into; a folder ends in a slash, and a blank is escaped. */
function localFiles(word: string): string[] {
  const folder = word.endsWith('/') ? word : dirname(word)
  const begun = word.endsWith('/') ? '' : basename(word)
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => name.startsWith(begun))
      .map((entry) => {
        const path = word.includes('/') ? join(folder, entry.name) : entry.name
        return `${path.replaceAll(/[\s"'\\]/g, '\\$&')}${entry.isDirectory() ? '/' : ' '}`
      })
  } catch {
    return []
  }
}
