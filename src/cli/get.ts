/** `foresend get`: fetch files. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { parseTftpUrl } from '../client/url.ts'
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

Addresses: tftp://HOST[:PORT]/NAME[;mode=netascii] (RFC 3617). IPv6 in brackets: tftp://[fe80::1%eth0]/NAME
Exit codes: 0 done, 1 failed (also another size or digest than expected), 2 usage, 4 the server refused, 5 no answer.
`

interface GetFlags extends TransferFlags {
  readonly output?: string
  readonly expectSize?: number
  readonly expectSha256?: string
}

export function getCommand(context: Context, done: (exitCode: number) => void): Command {
  const command = new Command('get')
    .summary('fetch files')
    .description(DESCRIPTION)
    .argument('<url...>', 'what to fetch, as tftp://HOST/FILE')
    .usage('tftp://HOST/FILE [more …] [-o FILE | DIR | -] [flags]')
    .helpOption('-h, --help', 'print this page')
    .addHelpText('after', EXAMPLES)
    .optionsGroup('Where it goes:')
    .option(
      '-o, --output <FILE>',
      'local file, or an existing folder, or - for standard output (the name it has there)',
    )
  addTransferFlags(command)
  command
    .option(
      '--expect-size <BYTES>',
      'fail, and keep nothing, unless the file has this size',
      wholeNumber('bytes', 0, Number.MAX_SAFE_INTEGER),
    )
    .option('--expect-sha256 <HEX>', 'the same as --sha256: fail, and keep nothing, on another digest', digestFlag)
  return command.action(async (urls: string[], flags: GetFlags) => done(await runGet(context, urls, flags)))
}

function runGet(context: Context, urls: readonly string[], flags: GetFlags): Promise<number> {
  if (urls.length > 1) {
    const ofOne = flags.sha256 ?? flags.expectSha256 ?? flags.expectSize
    if (ofOne !== undefined) {
      throw usageError('--sha256, --expect-sha256 and --expect-size are of one file: fetch the files one by one')
    }
    if (flags.output !== undefined && !isFolder(flags.output)) {
      throw usageError(`-o ${flags.output} would take ${urls.length} files: name an existing folder, or leave -o out`)
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
  const jobs = urls.map((url): Job => {
    const { mode, ...source } = parseTftpUrl(url)
    const output = outputFor(source.filename, flags.output)
    return {
      label: source.filename,
      start: (hooks) =>
        context.tools.get({ mode, ...transferOptions(flags), ...expected, ...source, output, ...hooks }),
    }
  })
  return runJobs(context, jobs, 'got', {
    logFormat: flags.logFormat ?? 'pretty',
    results: flags.output === '-' ? context.stderr : context.stdout,
    trace: flags.trace === true,
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
