/** `foresend history …`: what a server served, and how each transfer ended. */
import { Command } from 'commander'
import { ForesendError } from '../error.ts'
import { jsonOf } from '../history/json.ts'
import type { Filter, Reader } from '../history/reader.ts'
import { SERVICE_FOLDER, stateFolder } from '../history/state-folder.ts'
import { escapeText } from '../packet/index.ts'
import type { Context } from './context.ts'
import { EXIT, usageError } from './exit.ts'
import { given, oneOf, wholeNumber } from './flags.ts'
import { EXPORT_FORMATS, type ExportFormat, exportHistory } from './history-export.ts'
import { deviceLines, listLines, showLines } from './history-text.ts'
import { jsonLine } from './render/json.ts'
import { styleFor } from './render/style.ts'
import { countText } from './render/units.ts'

const DESCRIPTION = `What a server served: who asked for what, when, and how it ended.

\`foresend serve\` keeps it in its state folder. It can be read while the server runs.`

const EXAMPLES = `
Examples:
  foresend history                                  the last transfers
  foresend history --device 192.168.1.20 --failed   what went wrong with one device
  foresend history show 1234                        one transfer, its last packets drawn
  foresend history export > transfers.csv
  foresend history devices                          what was learnt of devices
  foresend history forget 02:00:00:00:00:01         begin anew with a device

Times are those of this machine's zone; in JSON and CSV they are UTC (ISO 8601).
Exit codes: 0 done, 1 failed, 2 usage or no history there.
`

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 1_000_000

interface ListFlags {
  readonly state?: string
  readonly device?: string
  readonly failed?: true
  readonly limit?: number
  readonly json?: true
}

export function historyCommand(context: Context, done: (exitCode: number) => void): Command {
  const command = withState(
    new Command('history')
      .summary('what a server served, and how each transfer ended')
      .description(DESCRIPTION)
      .usage('[COMMAND] [flags]')
      .helpOption('-h, --help', 'print this page; after a command: the page of that command')
      .helpCommand(false)
      .addHelpText('after', EXAMPLES),
  )
  withFilter(command)
    .option('--limit <N>', `at most this many (${DEFAULT_LIMIT})`, wholeNumber('transfers', 1, MAX_LIMIT))
    .option('--json', 'one JSON object per line')
    .action(async (flags: ListFlags) => done(await list(context, flags)))
  // Flags before the name of a command are that command's as well.
  const merged = (inner: Command): ListFlags => ({ ...command.opts<ListFlags>(), ...inner.opts<ListFlags>() })

  const show = page(
    'show',
    'one transfer, its last packets drawn',
    'Show one transfer, with its last packets where they were kept: those of transfers that stalled, broke off or repeated much.',
  )
    .argument('<id>', 'the number in the list', wholeNumber('the number of a transfer', 1, Number.MAX_SAFE_INTEGER))
    .option('--json', 'one JSON object, with every packet that was kept')
    .action(async (id: number) => done(await showOne(context, merged(show), id)))
  const out = withFilter(
    page(
      'export',
      'every transfer, the oldest first',
      'Write every transfer, the oldest first, for other programs. Times are UTC.',
    ),
  )
    .option('--format <FORM>', 'csv or ndjson (csv)', oneOf(...EXPORT_FORMATS))
    .action(async () => done(await exportAll(context, merged(out))))
  const devices = page(
    'devices',
    'devices, and what was learnt of them',
    'List devices, and what was learnt of them: what one gets from the first block of its next boot on.',
  )
    .option('--limit <N>', `at most this many (${DEFAULT_LIMIT})`, wholeNumber('devices', 1, MAX_LIMIT))
    .option('--json', 'one JSON object per line')
    .action(async () => done(await listDevices(context, merged(devices))))
  const forget = page(
    'forget',
    'forget what was learnt of a device; its transfers stay',
    'Forget what was learnt of a device, so that its next boot begins as that of an unknown one. Its transfers stay.',
  )
    .argument('<device>', 'its MAC address, its network address, or what `history devices` calls it')
    .action(async (device: string) => done(await forgetDevice(context, merged(forget), device)))
  for (const inner of [show, out, devices, forget]) command.addCommand(inner)
  return command
}

/** A command inside `history`. */
function page(name: string, summary: string, description: string): Command {
  return withState(new Command(name).summary(summary).description(description))
    .helpOption('-h, --help', 'print this page')
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 usage, or nothing of that name or number there.\n')
}

function withState(command: Command): Command {
  return command.option('--state <DIR>', `folder of the history (${stateFolder()})`)
}

function withFilter(command: Command): Command {
  return command
    .option('--device <DEVICE>', 'only those of this device: its MAC address or its network address')
    .option('--failed', 'only those that did not complete, or whose last acknowledgement is missing')
}

async function list(context: Context, flags: ListFlags): Promise<number> {
  return reading(flags, (reader) => {
    const transfers = reader.page(filterOf(flags), flags.limit ?? DEFAULT_LIMIT)
    if (flags.json === true) for (const transfer of transfers) context.stdout.write(`${jsonLine(jsonOf(transfer))}\n`)
    else
      write(context, transfers.length === 0 ? [nothing(flags)] : listLines(transfers, styleFor(context.stdout.stream)))
  })
}

async function showOne(context: Context, flags: ListFlags, id: number): Promise<number> {
  return reading(flags, (reader) => {
    const transfer = reader.transfer(id)
    if (transfer === undefined) {
      throw usageError(`no transfer ${id} in the history: \`foresend history\` lists them with their numbers`)
    }
    const trace = reader.trace(id)
    if (flags.json === true) {
      const entries = trace?.map(({ ms, ...entry }) => ({ ms: Math.round(ms * 1000) / 1000, ...entry }))
      context.stdout.write(`${jsonLine({ ...jsonOf(transfer), ...given('trace', entries) })}\n`)
    } else write(context, showLines(transfer, trace, context.stdout.columns, styleFor(context.stdout.stream)))
  })
}

async function exportAll(context: Context, flags: ListFlags & { readonly format?: ExportFormat }): Promise<number> {
  return reading(flags, (reader) => exportHistory(context.stdout, reader, filterOf(flags), flags.format ?? 'csv'))
}

async function listDevices(context: Context, flags: ListFlags): Promise<number> {
  return reading(flags, (reader) => {
    const devices = reader.devices(flags.limit ?? DEFAULT_LIMIT)
    if (flags.json === true) for (const device of devices) context.stdout.write(`${jsonLine(jsonOf(device))}\n`)
    else
      write(context, devices.length === 0 ? ['no devices yet'] : deviceLines(devices, styleFor(context.stdout.stream)))
  })
}

async function forgetDevice(context: Context, flags: ListFlags, device: string): Promise<number> {
  const forgotten = await forgottenBy(flags.state ?? stateFolder(), device)
  if (forgotten.length === 0) {
    throw usageError(
      `nothing was learnt of a device ${JSON.stringify(device)}: \`foresend history devices\` lists them`,
    )
  }
  const what = countText(forgotten.length, 'kind of request', 'kinds of request')
  write(context, [`forgotten what was learnt of ${escapeText(device)} (${what})`])
  return EXIT.done
}

/** A server that runs has what it learnt in mind, and forgets it in its history too. */
async function forgottenBy(folder: string, device: string): Promise<readonly unknown[]> {
  const { askServer, detailOf } = await import('../control/ask.ts')
  const reply = await askServer(folder, 'DELETE', `/api/v1/devices/${encodeURIComponent(device)}/memory`)
  if (reply === undefined) return (await import('../history/reader.ts')).forget(folder, device)
  if (reply.status === 200) return reply.body.forgotten as unknown[]
  if (reply.status === 404) return []
  throw new ForesendError('ERR_TFTP_ACCESS', detailOf(reply), { fault: 'local' })
}

/** Opens the history for `read`, and closes it however that ends. */
async function reading(flags: ListFlags, read: (reader: Reader) => void | Promise<void>): Promise<number> {
  const { hasHistory, Reader } = await import('../history/reader.ts')
  // A person who looks is often not the user that the service runs as.
  const own = flags.state ?? stateFolder()
  const folder = flags.state === undefined && !hasHistory(own) && hasHistory(SERVICE_FOLDER) ? SERVICE_FOLDER : own
  const reader = new Reader(folder)
  try {
    await read(reader)
    return EXIT.done
  } finally {
    reader.close()
  }
}

function filterOf({ device, failed }: ListFlags): Filter {
  return { ...given('device', device), ...given('failed', failed) }
}

function nothing({ device, failed }: ListFlags): string {
  return device === undefined && failed === undefined ? 'no transfers yet' : 'no such transfers'
}

function write(context: Context, lines: readonly string[]): void {
  context.stdout.write(lines.map((line) => `${line}\n`).join(''))
}
