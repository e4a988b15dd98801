/** `foresend get`: fetch files. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { parseTftpHost, parseTftpUrl, type TftpUrl } from '../client/url.ts'
import { escapeText } from '../packet/index.ts'
import { usageError } from './exit.ts'
import { digestFlag, given, wholeNumber } from './flags.ts'
import { type Job, runJobs } from './jobs.ts'
import type { Context } from './context.ts'
import { addTransferFlags, type TransferFlags, transferOptions } from './transfer-flags.ts'

const DESCRIPTION = `Fetch files by TFTP.

A file appears under its name only when it is whole; a transfer that breaks off leaves nothing behind.`

const EXAMPLES = `
Examples:
  foresend get tftp://192.168.1.1/config.bin                    store it as config.bin in this folder
  foresend get tftp://192.168.1.1/config.bin -o backup.bin      under another name
  foresend get tftp://192.168.1.1/boot.log -o - | less          to standard output
  foresend get tftp://192.168.1.1:6969/a tftp://192.168.1.1:6969/b -o backups/
  foresend get 192.168.1.1 vmlinuz initrd.img -o boot/          several files of one server

Addresses: tftp://HOST[:PORT]/NAME[;mode=netascii] (RFC 3617). IPv6 in brackets: tftp://[fe80::1%eth0]/NAME
Of several files, one that fails does not stop the next; the exit code is that of the worst failure.
Exit codes: 0 done, 1 failed (also another size or digest than expected), 2 usage, 4 the server refused, 5 no answer.
`

interface GetFlags extends TransferFlags {
  readonly output?: string
  readonly expectSize?: number
  readonly expectSha256?: string
  readonly multicast?: true
}

export function getCommand(context: Context, done: (exitCode: number) => void): Command {
  const command = new Command('get')
    .summary('fetch files')
    .description(DESCRIPTION)
    .argument('<url...>', 'what to fetch, as tftp://HOST/FILE, or a host and names of files there')
    .usage('tftp://HOST/FILE [more …] | HOST FILE… [-o FILE | DIR | -] [flags]')
    .helpOption('-h, --help', 'print this page')
    .addHelpText('after', EXAMPLES)
    .optionsGroup('Where it goes:')
    .option(
      '-o, --output <FILE>',
      'local file, or an existing folder, or - for standard output (the name it has there)',
    )
  addTransferFlags(command)
  command
    .option('--multicast', 'share the blocks with other clients, where the server does that (RFC 2090)')
    .option(
      '--expect-size <BYTES>',
      'fail, and keep nothing, unless the file has this size',
      wholeNumber('bytes', 0, Number.MAX_SAFE_INTEGER),
    )
    .option('--expect-sha256 <HEX>', 'the same as --sha256: fail, and keep nothing, on another digest', digestFlag)
  return command.action(async (words: string[], flags: GetFlags) => done(await runGet(context, words, flags)))
}

type Source = Pick<TftpUrl, 'host' | 'port' | 'filename'> & Partial<Pick<TftpUrl, 'mode'>>

function runGet(context: Context, words: readonly string[], flags: GetFlags): Promise<number> {
  const sources = sourcesOf(words)
  if (flags.output === '') throw usageError('-o is empty: name a file, a folder, or - for standard output')
  if (sources.length > 1) {
    const ofOne = flags.sha256 ?? flags.expectSha256 ?? flags.expectSize
    if (ofOne !== undefined) {
      throw usageError('--sha256, --expect-sha256 and --expect-size are of one file: fetch the files one by one')
    }
    if (flags.output !== undefined && !isFolder(flags.output)) {
      throw usageError(
        `-o ${flags.output} would take ${sources.length} files: name an existing folder, or leave -o out`,
      )
    }
  }
  const { sha256, expectSha256 } = flags
  if (sha256 !== undefined && expectSha256 !== undefined && sha256 !== expectSha256) {
    throw usageError('--sha256 and --expect-sha256 name two digests, and a file has one: leave one of them out')
  }
  const expected = {
    ...given('expectSizeBytes', flags.expectSize),
    ...given('sha256', expectSha256 ?? sha256),
  }
  const taken = new Set<string>()
  const jobs = sources.map(({ mode, ...source }): Job => {
    const output = outputFor(source.filename, flags.output)
    // The second would replace the first, and both be reported as fetched.
    if (output !== '-' && taken.has(output))
      throw usageError(`two of the files would be ${output}: fetch them one by one`)
    taken.add(output)
    return {
      label: source.filename,
      start: (hooks) =>
        context.tools.get({
          ...given('mode', mode),
          ...given('multicast', flags.multicast),
          ...transferOptions(flags),
          ...expected,
          ...source,
          output,
          ...hooks,
        }),
    }
  })
  return runJobs(context, jobs, 'got', {
    logFormat: flags.logFormat ?? 'pretty',
    results: flags.output === '-' ? context.stderr : context.stdout,
    trace: flags.trace === true,
  })
}

/** Of URLs, or of a host and the names of files there. */
function sourcesOf(words: readonly string[]): readonly Source[] {
  const [first = '', ...names] = words
  if (names.length === 0 || /^tftp:/i.test(first)) return words.map(parseTftpUrl)
  const server = parseTftpHost(first)
  return names.map((filename) => {
    if (/^tftp:/i.test(filename)) throw usageError(`${escapeText(filename)}: give either URLs, or a host and names`)
    if (filename === '') throw usageError('a name is empty: give the name of a file at the server')
    return { ...server, filename }
  })
}

/** The local path. A name from a URL never chooses the folder: only its last part counts. */
export function outputFor(filename: string, output: string | undefined): string {
  if (output !== undefined && !isFolder(output)) return output
  const name = filename.split(/[/\\]/).at(-1) ?? ''
  // A control character in a file name reaches the terminal when the folder is listed.
  if (name === '' || name === '.' || name === '..' || /\p{Cc}/u.test(name)) {
    throw usageError(`${escapeText(filename)} has no name that could be used here: give one with -o FILE`)
  }
  return output === undefined ? name : join(output, name)
}

function isFolder(path: string): boolean {
  return path !== '-' && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)
}
