/** Each command line that a document or a help page shows has the commands and the flags that it names. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import type { Context } from '../../src/cli/context.ts'
import { OLD_COMMANDS } from '../../src/cli/old/summary.ts'
import { buildProgram } from '../../src/cli/program.ts'
import type { StreamOutput } from '../../src/cli/render/output.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DOCUMENTS = globSync(['*.md', 'docs/**/*.md', 'packaging/**/*.md'], { cwd: ROOT }).toSorted()

/** `foresend` or its path in a checkout, and what stands behind it up to a quote, a pipe, a comment or a wide gap. */
const COMMAND = /(?<![\w/-])(?:\.\/bin\/)?foresend(?:\.js)? ((?:'[^'\n]*'|"[^"\n]*"|(?! {2}| #)[^`'"|;&#>\n])+)/g

const commands = await allCommands()

test('the pattern finds command lines where they stand', () => {
  const text = [
    'Type `foresend serve images --http 8069`, or',
    '    sudo ./bin/foresend.js watch eth0     # live',
    "    foresend lab run --server 'foresend*' | less",
    'a line of foresend.toml, /var/lib/foresend and in `foresend`.',
  ].join('\n')
  expect(linesOf(text)).toEqual(['serve images --http 8069', 'watch eth0', "lab run --server 'foresend*'"])
})

test.each(DOCUMENTS)('%s', (path) => {
  const text = readFileSync(`${ROOT}/${path}`, 'utf8')
  expect(linesOf(text).flatMap(mistakesOf)).toEqual([])
})

test('there are many in the documents', () => {
  const lines = DOCUMENTS.flatMap((path) => linesOf(readFileSync(`${ROOT}/${path}`, 'utf8')))
  expect(lines.length).toBeGreaterThan(80)
})

test.each([...commands.keys()].map((name) => [name] as const))('the help of foresend %s', (name) => {
  // Those have pages of their own.
  if (OLD_COMMANDS.has(name)) return
  let page = ''
  const command = commands.get(name) as Command
  command.configureOutput({ writeOut: (text) => void (page += text) }).outputHelp()
  expect(command.description()).toMatch(/^[A-Z].*[.?]$/s)
  expect(page).toMatch(/^Exit codes: /m)
  for (const line of page.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  // A line of the usage has the values that it takes in place of flags.
  const examples = page.split('\n').filter((line) => !line.startsWith('Usage:'))
  expect(linesOf(examples.join('\n')).flatMap(mistakesOf)).toEqual([])
})

function linesOf(text: string): string[] {
  // A line that ends with a backslash goes on in the next.
  return [...text.replace(/\\\n\s*/g, '').matchAll(COMMAND)].map(([, line]) => (line as string).trim())
}

/** What of `line` does not exist. */
function mistakesOf(line: string): string[] {
  const words = line.match(/'[^']*'|"[^"]*"|\S+/g) ?? []
  const [first = ''] = words
  if (OLD_COMMANDS.has(first)) return []
  let name = ''
  while (words.length > 0 && commands.has(`${name} ${words[0]}`.trim())) name = `${name} ${words.shift()}`.trim()
  const command = commands.get(name) as Command
  // A sentence has no flags: `foresend` alone may be its subject.
  if (name === '') return / --[a-z]/.test(line) ? [`${line}: no command`] : []
  const known = command.options.flatMap(({ long, short }) => [long, short])
  return words
    .filter((word) => /^--?[a-z]/i.test(word))
    .map((word) => word.replace(/=.*$/, '').replace(/[,.:…)]+$/, ''))
    .filter((flag) => flag !== '--help' && flag !== '-h' && !known.includes(flag))
    .map((flag) => `${line}: no ${flag}`)
}

/** All commands by name, those inside others too: `lab run`. */
async function allCommands(): Promise<ReadonlyMap<string, Command>> {
  const output = { stream: process.stdout, columns: 100, rows: 24, isTTY: false, broken: undefined, write: () => {} }
  const context = { stdout: output as StreamOutput, stderr: output as StreamOutput } as Context
  const names = (await buildProgram(context, () => {})).commands.map((command) => command.name())
  const found = new Map<string, Command>()
  for (const name of names) {
    const program = await buildProgram(context, () => {}, name)
    found.set('', program)
    collect(program.commands, '', found)
  }
  return found
}

function collect(inside: readonly Command[], path: string, found: Map<string, Command>): void {
  for (const command of inside) {
    const name = `${path} ${command.name()}`.trim()
    found.set(name, command)
    collect(command.commands, name, found)
  }
}
