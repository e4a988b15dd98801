/** `foresend put`: store files. */
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { Command } from 'commander'
import { parseTftpUrl } from '../client/url.ts'
import { EXIT, usageError } from './exit.ts'
import { decimalNumber, given } from './flags.ts'
import { type Job, runJobs } from './jobs.ts'
import { plain } from './render/plain.ts'
import type { Context } from './context.ts'
import { addTransferFlags, type TransferFlags, transferOptions } from './transfer-flags.ts'

const DESCRIPTION = `Store files by TFTP.

Many devices in recovery mode are the server themselves and answer only in the first seconds after power-on. \
--wait asks several times a second until the device is there: start it, then switch the device on.`

const EXAMPLES = `
Examples:
  foresend put image.bin tftp://192.168.1.1/image.bin
  foresend put image.bin tftp://192.168.1.1/ --wait 60          the same name there; wait for a device that is booting
  foresend put a.cfg b.cfg tftp://192.168.1.1/configs/          several files

Addresses: tftp://HOST[:PORT]/NAME[;mode=netascii] (RFC 3617). IPv6 in brackets: tftp://[fe80::1%eth0]/NAME
Exit codes: 0 stored, 1 failed, 2 usage, 4 the server refused, 5 no answer, 6 sent, but the last acknowledgement is
missing: verify on the device.
`

/** A day: longer waits are a mistake in the unit. */
const MAX_WAIT_SECONDS = 86_400

interface PutFlags extends TransferFlags {
  readonly wait?: number
  readonly allowUnconfirmed?: true
}

export function putCommand(context: Context, done: (exitCode: number) => void): Command {
  const command = new Command('put')
    .summary('store files')
    .description(DESCRIPTION)
    .argument('<file...>', 'local files, and at the end where to: tftp://HOST/NAME')
    .usage('FILE [more …] tftp://HOST/NAME [flags]')
    .helpOption('-h, --help', 'print this page')
    .addHelpText('after', EXAMPLES)
    .optionsGroup('When it starts:')
    .option(
      '--wait <SECONDS>',
      'keep asking for this long, until the device answers',
      decimalNumber('seconds', 0, MAX_WAIT_SECONDS),
    )
    .option(
      '--allow-unconfirmed',
      'exit with 0 also when the last acknowledgement is missing: for devices that reboot before they send it',
    )
  addTransferFlags(command)
  return command.action(async (args: string[], flags: PutFlags) => done(await runPut(context, args, flags)))
}

function runPut(context: Context, args: readonly string[], flags: PutFlags): Promise<number> {
  const files = args.slice(0, -1)
  const url = args.at(-1) ?? ''
  // A name is put behind it below, so that one without a host would be told with another's.
  if (/^tftp:\/\/(?:$|\/)/i.test(url)) throw usageError(`${plain(url)} names no host: write it as tftp://HOST/NAME`)
  if (files.length === 0) {
    throw usageError(
      `put takes a file and where to store it: foresend put ${url.includes('://') ? 'FILE ' : ''}${url}${url.includes('://') ? '' : ' tftp://HOST/NAME'}`,
    )
  }
  if (files.length > 1 && flags.sha256 !== undefined) {
    throw usageError('--sha256 is the digest of one file: store the files one by one')
  }
  const jobs = files.map((input): Job => {
    requireFile(input)
    const { mode, ...target } = parseTftpUrl(targetUrl(url, input, files.length > 1))
    const wait = given('waitMs', flags.wait === undefined ? undefined : flags.wait * 1000)
    return {
      label: target.filename,
      start: (hooks) => context.tools.put({ mode, ...transferOptions(flags), ...wait, ...target, input, ...hooks }),
    }
  })
  return runJobs(context, jobs, 'stored', {
    logFormat: flags.logFormat ?? 'pretty',
    results: context.stdout,
    trace: flags.trace === true,
    unconfirmed: flags.allowUnconfirmed === true ? EXIT.done : EXIT.unconfirmed,
  })
}

/** The URL for one file: one that ends in a slash, or has no path, takes the local name. */
export function targetUrl(url: string, input: string, several: boolean): string {
  const [, place = '', suffix = ''] = /^(.*?)(;mode=[^/;]*)?$/is.exec(url) ?? []
  const bare = /^tftp:\/\/[^/]+$/i.test(place) ? `${place}/` : place
  if (bare.endsWith('/')) return `${bare}${encodeURIComponent(basename(input))}${suffix}`
  if (several)
    throw usageError(`${url} names one file: let it end in a slash to store several, each under its own name`)
  return url
}

/** Better said before a device was waited for than after. */
export function requireFile(input: string): void {
  const stat = statSync(input, { throwIfNoEntry: false })
  if (stat === undefined) throw usageError(`${input} is not there: check the name`)
  if (!stat.isFile()) throw usageError(`${input} is not a file: put takes single files`)
}
