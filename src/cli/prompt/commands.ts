/** The commands of the prompt, a row each, by the names that tftp-hpa and atftp have for them. */
import { basename } from 'node:path'
import { DEFAULT_BLKSIZE, MAX_BLKSIZE, MAX_WINDOWSIZE, MIN_BLKSIZE } from '../../transfer/negotiate.ts'
import { DEFAULT_WINDOWSIZE } from '../../client/options.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { optionList } from '../flags.ts'
import { outputFor } from '../get.ts'
import { type Job, runJobs } from '../jobs.ts'
import { requireFile } from '../put.ts'
import { countText } from '../render/units.ts'
import { DEFAULT_REXMT_SECONDS, remoteFile, type Session, transferOptionsOf } from './session.ts'

export interface PromptCommand {
  readonly name: string
  /** What follows the name, a line for each form. */
  readonly usage: readonly string[]
  readonly summary: string
  /** `words` are those after the name. The result is an exit code, or `quit`. */
  run(words: readonly string[], session: Session, context: Context): Promise<number | 'quit'> | number | 'quit'
}

const MODES = { ascii: 'netascii', netascii: 'netascii', binary: 'octet', octet: 'octet', image: 'octet' } as const
export const MODE_NAMES: readonly string[] = Object.keys(MODES)
export const OPTION_NAMES = ['blksize', 'windowsize', 'timeout', 'rollover', 'blksize2', 'utimeout', 'timeoutms']

/** A day: more is a mistake in the unit. */
const MAX_SECONDS = 86_400

export const COMMANDS: readonly PromptCommand[] = [
  {
    name: 'connect',
    usage: ['HOST [PORT]'],
    summary: 'the host of the commands that follow; nothing is sent',
    run(words, session) {
      const [host, port] = atMost(words, 2, 'connect HOST [PORT]')
      if (host === undefined) throw usageError('connect takes a host: connect HOST [PORT]')
      session.port = port === undefined ? session.port : numberOf('port', port, 1, 65_535)
      session.host = host.replace(/^\[(.*)\]$/, '$1')
      return EXIT.done
    },
  },
  {
    name: 'get',
    usage: ['FILE', 'REMOTE LOCAL', 'FILE FILE FILE …'],
    summary: 'fetch files; HOST:FILE names the host too',
    run(words, session, context) {
      if (words.length === 0) throw usageError('get takes what to fetch: get FILE, or get REMOTE LOCAL')
      const pairs =
        words.length === 2 ? [[words[0], words[1]] as const] : words.map((word) => [word, undefined] as const)
      return transfer('got', session, context, () =>
        pairs.map(([remote = '', local]) => {
          const file = remoteFile(session, remote)
          const output = outputFor(file.filename, local)
          return {
            label: file.filename,
            start: (hooks) => context.tools.get({ ...transferOptionsOf(session), ...file, output, ...hooks }),
          }
        }),
      )
    },
  },
  {
    name: 'put',
    usage: ['FILE', 'LOCAL REMOTE', 'FILE FILE … REMOTE-FOLDER'],
    summary: 'store files',
    run(words, session, context) {
      if (words.length === 0) throw usageError('put takes what to store: put FILE, or put LOCAL REMOTE')
      return transfer('stored', session, context, () =>
        uploadsOf(words).map(([input, remote]) => {
          requireFile(input)
          const file = remoteFile(session, remote)
          return {
            label: file.filename,
            start: (hooks) => context.tools.put({ ...transferOptionsOf(session), ...file, input, ...hooks }),
          }
        }),
      )
    },
  },
  {
    name: 'mode',
    usage: ['octet | netascii'],
    summary: 'bytes as they are, or text with its line ends turned; without a word: which it is',
    run(words, session, context) {
      const [word] = atMost(words, 1, 'mode octet, or mode netascii')
      if (word === undefined) context.stdout.write(`mode ${session.mode}\n`)
      else if (!Object.hasOwn(MODES, word)) throw usageError(`no mode ${word}: octet (binary) or netascii (ascii)`)
      else session.mode = MODES[word as keyof typeof MODES]
      return EXIT.done
    },
  },
  { name: 'binary', usage: [''], summary: 'short for mode octet', run: (_, session) => setMode(session, 'octet') },
  { name: 'ascii', usage: [''], summary: 'short for mode netascii', run: (_, session) => setMode(session, 'netascii') },
  {
    name: 'option',
    usage: ['NAME VALUE', 'NAME disable'],
    summary: 'an option of each request from now on; without words: which there are',
    run(words, session, context) {
      const [name, value] = atMost(
        words.flatMap((word) => word.split('=')),
        2,
        'option NAME VALUE',
      )
      if (name === undefined) context.stdout.write(`${optionsText(session)}\n`)
      else if (value === undefined) throw usageError(`option ${name} takes a value, or disable`)
      else setOption(session, name.toLowerCase(), value)
      return EXIT.done
    },
  },
  {
    name: 'rexmt',
    usage: ['SECONDS'],
    summary: 'wait this long before asking again',
    run(words, session) {
      const [text = ''] = atMost(words, 1, 'rexmt SECONDS')
      session.rexmtSeconds = numberOf('rexmt', text, 1, 255)
      return EXIT.done
    },
  },
  {
    name: 'timeout',
    usage: ['SECONDS'],
    summary: 'give up after this long without an answer',
    run(words, session) {
      const [text = ''] = atMost(words, 1, 'timeout SECONDS')
      session.timeoutSeconds = numberOf('timeout', text, 1, MAX_SECONDS)
      return EXIT.done
    },
  },
  {
    name: 'literal',
    usage: [''],
    summary: 'a colon in a file name is part of the name, or names the host before it',
    run: (_, session, context) => toggle(session, 'literal', context),
  },
  {
    name: 'verbose',
    usage: [''],
    summary: 'tell the block size, the window and the packets of each transfer, or not',
    run: (_, session, context) => toggle(session, 'verbose', context),
  },
  {
    name: 'trace',
    usage: [''],
    summary: 'print each packet, or not',
    run: (_, session, context) => toggle(session, 'trace', context),
  },
  {
    name: 'status',
    usage: [''],
    summary: 'what is set',
    run(_, session, context) {
      context.stdout.write(statusText(session))
      return EXIT.done
    },
  },
  {
    name: 'help',
    usage: ['[COMMAND …]'],
    summary: 'this list, or how a command is used; ? is the same',
    run(words, _, context) {
      const chosen = words.length === 0 ? COMMANDS : words.map(commandFor)
      context.stdout.write(chosen.map(helpText).join(''))
      return EXIT.done
    },
  },
  { name: 'quit', usage: [''], summary: 'end; exit, bye and the end of the input do the same', run: () => 'quit' },
]

const ALIASES: Readonly<Record<string, string>> = { '?': 'help', exit: 'quit', bye: 'quit', mget: 'get', mput: 'put' }

/** The command of this name, or of a name that only one command begins with. Throws ERR_TFTP_USAGE. */
export function commandFor(typed: string): PromptCommand {
  const name = ALIASES[typed] ?? typed
  const found = COMMANDS.filter((command) => command.name === name)
  const begun = found.length > 0 ? found : COMMANDS.filter((command) => command.name.startsWith(name))
  if (begun.length === 1) return begun[0] as PromptCommand
  if (begun.length === 0) throw usageError(`no command ${typed}: help lists what there is`)
  throw usageError(`${typed} is short for ${begun.map((command) => command.name).join(' and ')}: type more of it`)
}

/** Local file and remote name of each upload. */
function uploadsOf(words: readonly string[]): (readonly [string, string])[] {
  if (words.length === 1) return [[words[0] as string, basename(words[0] as string)]]
  const target = words.at(-1) as string
  if (words.length === 2)
    return [[words[0] as string, target.endsWith('/') ? target + basename(words[0] as string) : target]]
  return words.slice(0, -1).map((input) => [input, `${target.replace(/\/$/, '')}/${basename(input)}`])
}

function transfer(verb: string, session: Session, context: Context, jobs: () => Job[]): Promise<number> {
  const shown = jobs().map(
    (job): Job => ({
      label: job.label,
      async start(hooks) {
        const summary = await job.start(hooks)
        if (session.verbose) {
          const { blksize, windowsize, blocks, datagrams } = summary
          context.stderr.write(
            `blksize ${blksize}, windowsize ${windowsize}, ${countText(blocks, 'block')} in ${countText(datagrams, 'DATA packet')}\n`,
          )
        }
        return summary
      },
    }),
  )
  return runJobs(context, shown, verb, {
    logFormat: 'pretty',
    results: context.stdout,
    trace: session.trace,
    unconfirmed: EXIT.unconfirmed,
  })
}

function setMode(session: Session, mode: Session['mode']): number {
  session.mode = mode
  return EXIT.done
}

function toggle(session: Session, name: 'literal' | 'verbose' | 'trace', context: Context): number {
  session[name] = !session[name]
  context.stdout.write(`${name} ${session[name] ? 'on' : 'off'}\n`)
  return EXIT.done
}

/** Block size, window and timer are settings of the client, so that `disable` can bring RFC 1350's own value back. */
function setOption(session: Session, name: string, value: string): void {
  const off = value === 'disable'
  if (name === 'blksize') session.blksize = off ? DEFAULT_BLKSIZE : numberOf(name, value, MIN_BLKSIZE, MAX_BLKSIZE)
  else if (name === 'windowsize') session.windowsize = off ? 1 : numberOf(name, value, 1, MAX_WINDOWSIZE)
  else if (name === 'timeout') session.rexmtSeconds = off ? undefined : numberOf(name, value, 1, 255)
  else if (off) session.options = session.options.filter((option) => option.name !== name)
  else session.options = optionList(`${name}=${value}`, session.options)
}

function optionsText({ blksize, windowsize, rexmtSeconds, options }: Session): string {
  const known = [
    blksize === undefined ? 'blksize as it fits the way' : `blksize ${blksize}`,
    `windowsize ${windowsize ?? DEFAULT_WINDOWSIZE}`,
    ...(rexmtSeconds === undefined ? [] : [`timeout ${rexmtSeconds}`]),
  ]
  return [...known, ...options.map(({ name, value }) => `${name} ${value}`)].join(', ')
}

function statusText(session: Session): string {
  const { host, port, mode, rexmtSeconds, timeoutSeconds } = session
  const on = (name: 'literal' | 'verbose' | 'trace'): string => `${name} ${session[name] ? 'on' : 'off'}`
  return `${[
    host === undefined ? 'no host yet' : `host ${host}, port ${port}`,
    `mode ${mode}, ${on('verbose')}, ${on('trace')}, ${on('literal')}`,
    `options: ${optionsText(session)}`,
    `asks again after ${rexmtSeconds ?? DEFAULT_REXMT_SECONDS} s, gives up ${timeoutSeconds === undefined ? 'after 5 repeats' : `after ${timeoutSeconds} s`}`,
  ].join('\n')}\n`
}

function helpText({ name, usage, summary }: PromptCommand): string {
  const forms = usage.map((form) => `  ${`${name} ${form}`.trimEnd()}`)
  return `${forms
    .slice(0, -1)
    .map((form) => `${form}\n`)
    .join('')}${(forms.at(-1) ?? '').padEnd(34)} ${summary}\n`
}

function atMost(words: readonly string[], count: number, usage: string): readonly (string | undefined)[] {
  if (words.length > count) throw usageError(`too many words: ${usage}`)
  return words
}

function numberOf(what: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw usageError(`${what} takes a whole number from ${min} to ${max}`)
  return value
}
