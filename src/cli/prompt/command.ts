/** `foresend tftp`: a prompt with the commands of tftp-hpa and atftp. */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { stateFolder } from '../../history/state-folder.ts'
import type { Context } from '../context.ts'
import { EXIT, exitCodeOf, messageOf, usageError } from '../exit.ts'
import { oneOf, wholeNumber } from '../flags.ts'
import { commandFor } from './commands.ts'
import { complete } from './complete.ts'
import { readHistory, writeHistory } from './history-file.ts'
import { newSession, type Session } from './session.ts'
import { wordsOf } from './words.ts'

const DESCRIPTION = `A prompt for many transfers with one host, with the commands that tftp-hpa and atftp have.

Lines may also come from a pipe. Unlike tftp-hpa it begins in octet mode: netascii would change the bytes of an image.`

const EXAMPLES = `
Examples:
  foresend tftp 192.168.1.1                       the prompt; type help
  foresend tftp 192.168.1.1 -c get running.cfg    one command, and its exit code
  printf 'get a\\nget b\\n' | foresend tftp 192.168.1.1

Exit codes: those of get and put, for -c and for lines from a pipe that of the first command that failed; 0 from a
terminal.
`

interface Flags {
  readonly command?: readonly string[]
  readonly mode?: 'octet' | 'netascii' | 'binary' | 'ascii'
  readonly literal?: true
  readonly verbose?: true
  readonly trace?: true
  readonly 4?: true
  readonly 6?: true
}

export function promptCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('tftp')
    .summary('a prompt with the commands of tftp-hpa and atftp')
    .description(DESCRIPTION)
    .argument('[host]', 'the server')
    .argument('[port]', 'its port', wholeNumber('a port', 1, 65_535))
    .usage('[HOST [PORT]] [flags] [-c COMMAND …]')
    .helpOption('-h, --help', 'print this page')
    .addHelpText('after', EXAMPLES)
    .option('-c, --command <WORDS...>', 'run this one command; what follows belongs to it')
    .option('-m, --mode <MODE>', 'octet (binary) or netascii (ascii)', oneOf('octet', 'netascii', 'binary', 'ascii'))
    .option('-l, --literal', 'a colon in a file name is part of the name')
    .option('-v, --verbose', 'tell the block size, the window and the packets of each transfer')
    .option('--trace', 'print each packet')
    .option('-4', 'use IPv4 only')
    .option('-6', 'use IPv6 only')
    .action(async (host: string | undefined, port: number | undefined, flags: Flags) =>
      done(await runPrompt(context, sessionOf(host, port, flags), flags.command)),
    )
}

function sessionOf(host: string | undefined, port: number | undefined, flags: Flags): Session {
  if (flags[4] === true && flags[6] === true) throw usageError('-4 and -6 exclude each other')
  const session = newSession()
  session.host = host?.replace(/^\[(.*)\]$/, '$1')
  session.port = port ?? session.port
  session.mode = flags.mode === 'netascii' || flags.mode === 'ascii' ? 'netascii' : 'octet'
  session.literal = flags.literal === true
  session.verbose = flags.verbose === true
  session.trace = flags.trace === true
  session.family = flags[4] === true ? 4 : flags[6] === true ? 6 : undefined
  return session
}

async function runPrompt(context: Context, session: Session, words: readonly string[] | undefined): Promise<number> {
  if (words !== undefined) {
    const code = await runWords(words, session, context)
    return code === 'quit' ? EXIT.done : code
  }
  return process.stdin.isTTY ? atTerminal(context, session) : fromPipe(context, session)
}

async function fromPipe(context: Context, session: Session): Promise<number> {
  let first: number = EXIT.done
  for await (const line of createInterface({ input: process.stdin })) {
    const code = await runLine(line, session, context)
    if (code === 'quit') break
    if (first === EXIT.done) first = code
  }
  process.stdin.destroy()
  return first
}

/**
 * An interface for each command: while a transfer runs the terminal is in its usual state, so that Ctrl-C ends the transfer. Lines that
 * arrive together, as pasted text does, run one after the other.
 */
async function atTerminal(context: Context, session: Session): Promise<number> {
  const file = join(stateFolder(), 'tftp-history')
  let typed: Typed = { lines: [], begun: '', history: readHistory(file), isEnd: false }
  let isQuit = false
  while (!typed.isEnd && !isQuit) {
    typed = await readLines(typed)
    for (const line of typed.lines) {
      isQuit = (await runLine(line, session, context)) === 'quit'
      if (isQuit) break
    }
  }
  writeHistory(file, typed.history)
  return EXIT.done
}

interface Typed {
  readonly lines: readonly string[]
  /** What was typed behind the last line end. */
  readonly begun: string
  /** The newest line first. */
  readonly history: readonly string[]
  /** The input has ended (Ctrl-D), or Ctrl-C was typed on an empty line. */
  readonly isEnd: boolean
}

function readLines({ begun, history }: Typed): Promise<Typed> {
  const reader = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: 'tftp> ',
    history: [...history],
    historySize: 500,
    removeHistoryDuplicates: true,
    completer: complete,
  })
  let kept = history
  reader.on('history', (now: string[]) => (kept = [...now]))
  return new Promise((resolve) => {
    const lines: string[] = []
    let isRead = false
    reader.on('line', (line) => {
      // The rest of what arrived together comes before a microtask runs.
      if (lines.push(line) > 1) return
      queueMicrotask(() => {
        isRead = true
        reader.close()
      })
    })
    reader.on('SIGINT', () => {
      if (reader.line === '') reader.close()
      else {
        process.stdout.write('^C\n')
        reader.write(null, { ctrl: true, name: 'e' })
        reader.write(null, { ctrl: true, name: 'u' })
      }
    })
    reader.on('close', () => {
      if (!isRead) process.stdout.write('\n')
      resolve({ lines, begun: reader.line, history: kept, isEnd: !isRead })
    })
    reader.prompt()
    if (begun !== '') reader.write(begun)
  })
}

/** One line; a mistake in it is printed, and the next line follows. */
async function runLine(line: string, session: Session, context: Context): Promise<number | 'quit'> {
  try {
    const words = wordsOf(line)
    return words.length === 0 || words[0]?.startsWith('#') === true
      ? EXIT.done
      : await runWords(words, session, context)
  } catch (error) {
    context.stderr.write(`${messageOf(error)}\n`)
    return exitCodeOf(error)
  }
}

async function runWords([name = '', ...rest]: readonly string[], session: Session, context: Context) {
  return await commandFor(name).run(rest, session, context)
}
