/** `foresend status` and `foresend stat`: what a server that runs says of itself, through the control socket of its state folder. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { SERVICE_FOLDER, stateFolder } from '../history/state-folder.ts'
import type { ServerStats, TransferSnapshot } from '../server/contract.ts'
import { ForesendError } from '../error.ts'
import type { Context } from './context.ts'
import { EXIT } from './exit.ts'
import { decimalNumber } from './flags.ts'
import { jsonLine } from './render/json.ts'
import { statLines, type Status, statusLines } from './render/status-text.ts'
import { styleFor } from './render/style.ts'

const CODES = '\nExit codes: 0 done, 1 no server runs with this state folder, or it may not be asked, 2 usage.\n'
const DEFAULT_EVERY_S = 1

interface StatusFlags {
  readonly state?: string
  readonly json?: true
}

interface StatFlags extends StatusFlags {
  readonly watch?: number | true
}

export function statusCommand(context: Context, done: (exitCode: number) => void): Command {
  return withState(new Command('status'))
    .summary('what a server that runs is doing')
    .description('Say what a server that runs is doing: where it listens, what it sends to whom, and how much it did.')
    .helpOption('-h, --help', 'print this page')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `\nExamples:\n  foresend status\n  foresend status --json | jq '.transfers[].client'\n${CODES}`,
    )
    .action(async (flags: StatusFlags) => done(await showStatus(context, flags)))
}

export function statCommand(context: Context, done: (exitCode: number) => void): Command {
  return withState(new Command('stat'))
    .summary('the counters of a server that runs')
    .description('Print the counters of a server that runs; with --watch what they grew by, again and again.')
    .helpOption('-h, --help', 'print this page')
    .option(
      '--watch [SECONDS]',
      `go on, a line every SECONDS (${DEFAULT_EVERY_S})`,
      decimalNumber('seconds', 0.1, 86_400),
    )
    .option('--json', 'one JSON object per line')
    .addHelpText('after', `\nExamples:\n  foresend stat\n  foresend stat --watch 5\n${CODES}`)
    .action(async (flags: StatFlags) => done(await showStat(context, flags)))
}

function withState(command: Command): Command {
  return command.option('--state <DIR>', `state folder of the server (${stateFolder()})`)
}

async function showStatus(context: Context, flags: StatusFlags): Promise<number> {
  const status = await asked<Omit<Status, 'running'>>(flags, '/api/v1/status')
  const { transfers: running } = await asked<{ transfers: TransferSnapshot[] }>(flags, '/api/v1/transfers')
  const { transfers: counts, ...rest } = status
  // The command's own object: what runs is what most look for.
  if (flags.json === true) context.stdout.write(`${jsonLine({ ...rest, counts, transfers: running })}\n`)
  else print(context, statusLines({ ...status, running }, context.now(), styleFor(context.stdout.stream)))
  return EXIT.done
}

async function showStat(context: Context, flags: StatFlags): Promise<number> {
  const everyMs = flags.watch === undefined ? undefined : 1000 * (flags.watch === true ? DEFAULT_EVERY_S : flags.watch)
  const ending = new AbortController()
  const unwatch = context.watch(() => ending.abort())
  try {
    let before: ServerStats | undefined
    for (let beganAt = context.now(); ; ) {
      const stats = await asked<ServerStats>(flags, '/api/v1/stats')
      const now = context.now()
      if (flags.json === true) context.stdout.write(`${jsonLine({ time: now, ...stats })}\n`)
      else print(context, statLines(stats, before, now - beganAt, everyMs !== undefined))
      if (everyMs === undefined || ending.signal.aborted || context.stdout.broken !== undefined) return EXIT.done
      before = stats
      beganAt = now
      // It rejects when it is cut short by the signal.
      await sleep(everyMs, undefined, { signal: ending.signal }).catch(() => {})
      if (ending.signal.aborted) return EXIT.done
    }
  } finally {
    unwatch()
  }
}

/** The folder of a server that runs as a service is tried where none is named: a person who looks is often not its user. */
async function asked<T>({ state }: StatusFlags, path: string): Promise<T> {
  const { askServer, detailOf } = await import('../control/ask.ts')
  const folders = state === undefined ? [...new Set([stateFolder(), SERVICE_FOLDER])] : [state]
  for (const folder of folders) {
    const reply = await askServer(folder, 'GET', path)
    if (reply?.status === 200) return reply.body as T
    if (reply !== undefined) throw failure('ERR_TFTP_INTERNAL', detailOf(reply))
  }
  throw failure(
    'ERR_TFTP_ACCESS',
    `no server runs with the state folder ${folders[0]}: start \`foresend serve\`, or name its folder with --state`,
  )
}

function failure(code: 'ERR_TFTP_ACCESS' | 'ERR_TFTP_INTERNAL', message: string): ForesendError {
  return new ForesendError(code, message, { fault: 'local' })
}

function print(context: Context, lines: readonly string[]): void {
  context.stdout.write(lines.map((line) => `${line}\n`).join(''))
}
