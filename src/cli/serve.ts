/** `foresend serve`: start the server, show what happens, and end it well. */
import { Command } from 'commander'
import { parseConfig } from '../server/config.ts'
import {
  type EventLevel,
  type Server,
  type ServerConfig,
  type ServerConfigInput,
  STOP_GRACE_MS,
} from '../server/contract.ts'
import { EVENT_LEVELS } from '../server/level.ts'
import type { ApiServer } from '../control/api.ts'
import type { ControlSocket } from '../control/socket.ts'
import type { OpenHistory } from '../history/history.ts'
import { stateFolder } from '../history/state-folder.ts'
import { EXIT, messageOf } from './exit.ts'
import { addressList, decimalNumber, given, networkList, oneOf, wholeNumber, windowFlag, workersFlag } from './flags.ts'
import { fetchLines } from './hint.ts'
import type { Context } from './context.ts'
import { type Started, startOnUsualPort } from './port.ts'
import { atLevel, type EventPrinter, jsonPrinter, prettyPrinter } from './render/events.ts'
import { summaryLine } from './render/summary.ts'
import { countText } from './render/units.ts'
import { version } from './version.ts'

/** Tftpd64's field takes a few kilobytes; more than this is a mistake in the unit. */
const MAX_ANTICIPATION_BYTES = 1_000_000

const DESCRIPTION = `Serve a folder by TFTP, or one file for any name asked.

Without flags it asks nothing of the device: one block at a time, as every TFTP client expects, \
with quick repeats that bring back devices which lose acknowledgements. Only private, link-local and loopback addresses are served.`

const EXAMPLES = `
Examples:
  foresend serve images                          all files below the folder images
  foresend serve recovery.bin --host 192.168.0.66
                                                 one file, to a device that asks this address for it
  foresend serve images --window 2               two blocks on the way: much faster with a device that loses packets
  foresend serve uploads --writable              let devices store files as well

What was asked for and how it ended is kept: see \`foresend history\`.
Without --port it takes port 69, or 6969 where 69 is taken or not permitted.
Signals: SIGINT or SIGTERM lets running transfers finish (10 s at most; a second one ends at once), SIGHUP reloads.
Exit codes: 0 stopped, 1 failed, 2 usage, 3 cannot bind.
`

interface ServeFlags {
  readonly host?: readonly string[]
  readonly port?: number
  readonly allow?: readonly string[]
  readonly singlePort?: true
  readonly driver?: 'auto' | 'dgram' | 'batch'
  readonly workers?: 'auto' | number
  readonly window?: 'auto' | 'strict' | number
  readonly anticipation?: number
  readonly copies?: number
  readonly gap?: number
  readonly rto?: number
  readonly writable?: true
  readonly overwrite?: true
  readonly maxTransfers?: number
  readonly maxTransfersPerAddress?: number
  readonly record?: string
  readonly recordFailed?: true
  readonly recordFiles?: number
  readonly recordMib?: number
  readonly state?: string
  readonly history: boolean
  readonly logFormat?: 'pretty' | 'json'
  readonly logLevel?: EventLevel
}

export function serveCommand(context: Context, done: (exitCode: number) => void): Command {
  const command = new Command('serve')
    .summary('serve a folder, or one file for any name asked')
    .description(DESCRIPTION)
    .argument('[path]', 'folder or file to serve', '.')
    .usage('[DIR | FILE] [flags]')
    .helpOption('-h, --help', 'print this page')
    .addHelpText('after', EXAMPLES)
  addFlags(command)
  return command.action(async (path: string, flags: ServeFlags) => done(await serve(context, path, flags)))
}

function addFlags(command: Command): void {
  command
    .optionsGroup('Where it listens:')
    .option('--host <ADDR>', 'address of this machine to listen on; repeat it for several (all)', addressList)
    .option('--port <N>', 'UDP port; 0 takes any that is free (69, else 6969)', wholeNumber('a UDP port', 0, 65535))
    .option('--allow <CIDR>', 'serve this network too, though it is not private; repeatable', networkList)
    .option('--single-port', 'answer from the listening port itself (for NAT and containers)')
    .option(
      '--driver <NAME>',
      'auto, dgram, or batch (Linux, faster): how packets reach the kernel (auto)',
      oneOf('auto', 'dgram', 'batch'),
    )
    .option('--workers <N>', 'auto, or threads of the batch driver that share the port (auto)', workersFlag)
    .optionsGroup('How it sends:')
    .option('--window <W>', 'auto, strict (RFC 1350 to the letter) or blocks that may be on the way (auto)', windowFlag)
    .option(
      '--anticipation <BYTES>',
      "the same in Tftpd64's way: 1 + BYTES / blksize blocks on the way",
      wholeNumber('bytes', 0, MAX_ANTICIPATION_BYTES),
    )
    .option('--copies <N>', 'send every block N times (1)', wholeNumber('how often to send each block', 1, 8))
    .option('--gap <MS>', 'milliseconds between two packets of a window (0)', decimalNumber('milliseconds', 0, 1000))
    .option(
      '--rto <MS>',
      'repeat a block after this many milliseconds (measured)',
      decimalNumber('milliseconds', 1, 60_000),
    )
    .optionsGroup('Files:')
    .option('--writable', 'let devices store new files')
    .option('--overwrite', 'let them replace files as well (with --writable)')
    .optionsGroup('Limits:')
    .option('--max-transfers <N>', 'transfers at the same time', wholeNumber('transfers', 1, 1_000_000))
    .option('--max-transfers-per-address <N>', 'the same for one address', wholeNumber('transfers', 1, 1_000_000))
    .optionsGroup('What it keeps:')
    .option('--state <DIR>', `folder for its history and what it learns of devices (${stateFolder()})`)
    .option('--no-history', 'keep nothing: each start begins without what was learnt')
    .optionsGroup('What it shows:')
    .option('--log-format <FORM>', 'pretty, or json: one object per line (pretty)', oneOf('pretty', 'json'))
    .option(
      '--log-level <LEVEL>',
      'error (failures), warn (also refusals, stalls, notices), info, or debug (every event) (info)',
      oneOf(...EVENT_LEVELS),
    )
    .optionsGroup('What it records:')
    .option('--record <DIR>', 'write a capture of each transfer there, for Wireshark and `foresend diagnose`')
    .option('--record-failed', 'only of those that failed, stalled or repeated much')
    .option('--record-files <N>', 'keep the newest N of them (500)', wholeNumber('files', 1, 100_000))
    .option('--record-mib <N>', 'each this large at most, in MiB (4)', wholeNumber('MiB', 1, 1024))
}

async function serve(context: Context, path: string, flags: ServeFlags): Promise<number> {
  const level = levelFor(flags)
  const printer = printerFor(context, flags, level)
  const config = configOf(path, flags)
  const listening = Promise.withResolvers<void>()
  const history = flags.history ? await openState(context, flags, printer, listening.promise) : undefined
  const starting = startAsAsked(context, config, flags.port, printer, level, history)
  // Signals count from here on: one may come right after `listening`.
  const stopped = untilStopped(context, starting, printer)
  let control: ControlSocket | undefined
  try {
    const { server, notice } = await starting
    listening.resolve()
    if (history !== undefined) control = await openControl(context, server, flags, printer)
    printer.watch(() => server.transfers())
    if (notice !== undefined) {
      printer.event({ event: 'notice', time: context.now(), code: 'PORT_NOT_69', message: notice })
    }
    printer.say(...fetchLines(path, server.bound))
    await stopped
  } finally {
    control?.close()
    await history?.close()
  }
  const { server } = await starting
  const summary = summaryLine(server.stats())
  if (summary !== '') printer.say(`stopped: ${summary}`)
  printer.close()
  return EXIT.done
}

/**
 * What was kept, and will be. That something is wrong with it is no reason not to serve: it becomes a notice, and the first line of
 * a server that starts is that it listens.
 */
function openState(
  context: Context,
  { state = stateFolder() }: ServeFlags,
  printer: EventPrinter,
  listening: Promise<void>,
): Promise<OpenHistory> {
  const notice = (message: string): void =>
    printer.event({ event: 'notice', time: context.now(), code: 'HISTORY', message })
  return context.tools.openHistory({
    folder: state,
    version: version(),
    notice: (message) => void listening.then(() => notice(message)),
  })
}

/** Without the socket `foresend status` knows nothing of this server, which is no reason not to serve. */
async function openControl(
  context: Context,
  server: Server,
  { state = stateFolder() }: ServeFlags,
  printer: EventPrinter,
): Promise<ControlSocket | undefined> {
  const asked: ApiServer = {
    bound: server.bound,
    transfers: () => server.transfers(),
    stats: () => server.stats(),
    abort: (id) => server.abort(id),
    forget: (name) => server.forget(name),
    reload: () => server.reload(),
  }
  try {
    return await context.tools.openControlSocket(state, asked, { version: version(), pid: process.pid })
  } catch (error) {
    const message = `${messageOf(error)}; serving goes on, and \`foresend status\` does not see it`
    printer.event({ event: 'notice', time: context.now(), code: 'CONTROL', message })
    return undefined
  }
}

/** A program that reads JSON gets progress at `info`, as it cannot look at the server itself. A person has bars for it. */
function levelFor({ logLevel = 'info', logFormat }: ServeFlags): EventLevel {
  return logFormat === 'json' && logLevel === 'info' ? 'debug' : logLevel
}

function printerFor({ stdout, now }: Context, { logFormat }: ServeFlags, level: EventLevel): EventPrinter {
  return atLevel(level, logFormat === 'json' ? jsonPrinter(stdout) : prettyPrinter(stdout, now))
}

function startAsAsked(
  context: Context,
  config: ServerConfig,
  port: number | undefined,
  printer: EventPrinter,
  level: EventLevel,
  history: OpenHistory | undefined,
): Promise<Started> {
  const start = (input: ServerConfigInput): Promise<Server> =>
    context.tools.startServer(input, (event) => printer.event(event), level, history)
  if (port === undefined) return startOnUsualPort(start, config)
  return start({ ...config, port }).then((server) => ({ server, notice: undefined }))
}

/** What the flags ask for; the one check of every configuration says whether they fit together. */
function configOf(path: string, flags: ServeFlags): ServerConfig {
  return parseConfig({
    path,
    hosts: flags.host ?? [],
    window: flags.window ?? 'auto',
    driver: flags.driver ?? 'auto',
    writable: flags.writable === true,
    overwrite: flags.overwrite === true,
    singlePort: flags.singlePort === true,
    allow: flags.allow ?? [],
    ...given('workers', flags.workers),
    ...given('anticipationBytes', flags.anticipation),
    ...given('copies', flags.copies),
    ...given('gapMs', flags.gap),
    ...given('rtoMs', flags.rto),
    ...given('record', flags.record),
    ...given('recordFailed', flags.recordFailed),
    ...given('recordFiles', flags.recordFiles),
    ...given('recordMib', flags.recordMib),
    ...given('maxTransfers', flags.maxTransfers),
    ...given('maxTransfersPerAddress', flags.maxTransfersPerAddress),
  })
}

/** Resolves once the server has ended after a request to stop, or never started. */
async function untilStopped(context: Context, starting: Promise<Started>, printer: EventPrinter): Promise<void> {
  const stopped = Promise.withResolvers<void>()
  const stop = (server: Server, graceMs: number): void =>
    void server.stop(graceMs).then(stopped.resolve, stopped.reject)
  const notice = (code: string, message: string): void =>
    printer.event({ event: 'notice', time: context.now(), code, message })
  const unwatch = context.watch(
    (count) => {
      starting.then(
        ({ server }) => {
          const running = server.transfers().length
          if (running > 0 && count === 1) {
            printer.say(
              `stopping: ${countText(running, 'transfer')} may finish (10 s at most); once more to end at once`,
            )
          }
          stop(server, count === 1 ? STOP_GRACE_MS : 0)
        },
        () => {},
      )
    },
    () => {
      starting
        .then(({ server }) => server.reload())
        .then(
          () => notice('RELOADED', 'opened the folder and looked for addresses again'),
          (error: unknown) => notice('RELOAD_FAILED', messageOf(error)),
        )
    },
  )
  // A start that failed is reported where it is waited for; here it only means that nothing needs stopping.
  starting.catch(() => stopped.resolve())
  await stopped.promise.finally(unwatch)
}
