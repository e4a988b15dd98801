/** `foresend bench load`: many clients at once, to see what a server can do. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { Held } from '../load/hold.ts'
import { type LoadOptions, type LoadResult, MAX_CLIENTS, MAX_TRANSFERS } from '../load/options.ts'
import type { Context } from './context.ts'
import { EXIT, messageOf, usageError } from './exit.ts'
import { decimalNumber, oneOf, wholeNumber } from './flags.ts'
import { jsonLine } from './render/json.ts'
import { countText, durationText, rateText } from './render/units.ts'

const LOAD_DESCRIPTION = `Ask a server on this machine for a file with many clients at once, and say how fast it was.

Each client is a host of its own (an address in 127.16.0.0/12), and all run in one thread that costs less than a server \
does. They are plain clients after the letter of the RFCs. Linux only, with the optional package koffi.`

const LOAD_EXAMPLES = `
Examples:
  foresend bench load --port 6969 --file image.bin --expect images/image.bin
  foresend bench load --port 6969 --file image.bin --clients 1000 --transfers 5000 --blksize 1428 --windowsize 16
  foresend bench load --port 6969 --file upload --direction put --expect images/image.bin --transfers 10
  foresend bench load --port 6969 --file image.bin --clients 100 --transfers 10000 --loss 1 --vanish 5

Exit codes: 0 every transfer completed or vanished as it was told to, 1 some failed, 2 usage, 3 no fast sockets.
`

interface LoadFlags {
  readonly host?: string
  readonly port?: number
  readonly file: string
  readonly direction?: 'get' | 'put'
  readonly clients?: number
  readonly transfers?: number
  readonly blksize?: number
  readonly windowsize?: number
  readonly timeout?: number
  readonly loss?: number
  readonly vanish?: number
  readonly seed?: number
  readonly expect?: string
  readonly limit?: number
  readonly hold?: true
  readonly json?: true
}

const DEFAULT_LIMIT_SECONDS = 60

export function benchCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('bench')
    .summary('measure a server')
    .description('Measure a server, this one or another.')
    .usage('COMMAND …')
    .helpOption('-h, --help', 'print this page; after a command: the page of that command')
    .helpCommand(false)
    .addHelpText('after', '\nExit codes: those of its command.\n')
    .addCommand(loadCommand(context, done))
}

function loadCommand(context: Context, done: (exitCode: number) => void): Command {
  const percent = decimalNumber('a percentage', 0, 100)
  return new Command('load')
    .summary('many clients at once')
    .description(LOAD_DESCRIPTION)
    .helpOption('-h, --help', 'print this page')
    .addHelpText('after', LOAD_EXAMPLES)
    .optionsGroup('Whom they ask:')
    .option('--host <ADDR>', 'address of the server, in 127.0.0.0/8 (127.0.0.1)')
    .option('--port <N>', 'its UDP port (69)', wholeNumber('a UDP port', 1, 65535))
    .requiredOption('--file <NAME>', 'the file that they ask for; several uploads are stored as NAME-0, NAME-1 …')
    .option('--direction <WAY>', 'get or put (get)', oneOf('get', 'put'))
    .optionsGroup('How many:')
    .option('--clients <N>', 'at work at the same time (1)', wholeNumber('clients', 1, MAX_CLIENTS))
    .option('--transfers <N>', 'in all; one for each client by default', wholeNumber('transfers', 1, MAX_TRANSFERS))
    .option('--limit <SECONDS>', 'what is not done by then has failed (60)', decimalNumber('seconds', 0.1, 86_400))
    .optionsGroup('What they are:')
    .option('--blksize <BYTES>', 'bytes in a block (512)', wholeNumber('bytes', 8, 65464))
    .option('--windowsize <N>', 'blocks for one acknowledgement (1)', wholeNumber('blocks', 1, 65535))
    .option('--timeout <MS>', 'repeat the last packet after so long (1000)', decimalNumber('milliseconds', 1, 255_000))
    .option('--loss <PERCENT>', 'of the packets, each way, are dropped (0)', percent)
    .option('--vanish <PERCENT>', 'of the transfers just stop, in their first blocks (0)', percent)
    .option('--seed <N>', 'what loss and vanishing are drawn from (1)', wholeNumber('a seed', 0, 2 ** 32 - 1))
    .option('--hold', 'ask in lock-step, never answer, and stay until SIGTERM or the end of standard input')
    .optionsGroup('What it checks and shows:')
    .option('--expect <FILE>', 'get: compare every byte with this file; put: send this file')
    .option('--json', 'one JSON object')
    .action(async (flags: LoadFlags) => done(await runBenchLoad(context, flags)))
}

async function runBenchLoad(context: Context, flags: LoadFlags): Promise<number> {
  const stop = new AbortController()
  const unwatch = context.watch(() => stop.abort())
  try {
    const options = { ...optionsOf(flags), signal: stop.signal }
    if (flags.hold === true) return await hold(context, options, stop)
    const { runLoad } = await import('../load/load.ts')
    const result = await runLoad(options)
    context.stdout.write(flags.json === true ? `${jsonLine(result)}\n` : resultText(result))
    return result.failed === 0 ? EXIT.done : EXIT.failed
  } finally {
    unwatch()
  }
}

async function hold(
  context: Context,
  options: LoadOptions & { readonly signal: AbortSignal },
  stop: AbortController,
): Promise<number> {
  process.stdin.once('end', () => stop.abort()).resume()
  const print = (held: Held): void => context.stdout.write(`${jsonLine({ event: 'held', ...held })}\n`)
  try {
    const { runHold } = await import('../load/hold.ts')
    const { answered, clients } = await runHold(options, print)
    return answered === clients ? EXIT.done : EXIT.failed
  } finally {
    process.stdin.destroy()
  }
}

function optionsOf(flags: LoadFlags): LoadOptions {
  const { host = '127.0.0.1', port = 69, file, direction = 'get', clients = 1, blksize = 512, windowsize = 1 } = flags
  return {
    host,
    port,
    file,
    direction,
    clients,
    transfers: flags.transfers ?? clients,
    blksize,
    windowsize,
    timeoutMs: flags.timeout ?? 1000,
    lossPercent: flags.loss ?? 0,
    vanishPercent: flags.vanish ?? 0,
    seed: flags.seed ?? 1,
    content: flags.expect === undefined ? undefined : readContent(flags.expect),
    limitMs: (flags.limit ?? DEFAULT_LIMIT_SECONDS) * 1000,
  }
}

function readContent(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw usageError(`cannot read ${path}: ${messageOf(error)}; give --expect a file that is there`)
  }
}

function resultText(result: LoadResult): string {
  const { completed, transfers, failed, vanished, ms, bytes, cpuSeconds, retransmitted, blksize, windowsize } = result
  const counts = [`${completed} of ${countText(transfers, 'transfer')} completed`]
  if (failed > 0) counts.push(`${failed} failed`)
  if (vanished > 0) counts.push(`${vanished} vanished`)
  const speed = `${bytes} bytes in ${durationText(ms)}, ${rateText(result.bytesPerSec)}, ${Math.round(result.startsPerSec)} files a second`
  const how = `blksize ${blksize}, windowsize ${windowsize}, ${retransmitted} sent again, ${cpuSeconds.toFixed(2)} s of CPU here`
  const faults = result.faults.map((fault) => `  ${fault}\n`).join('')
  return `${counts.join(', ')}: ${speed}\n  ${how}\n${faults}`
}
