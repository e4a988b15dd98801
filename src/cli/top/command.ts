/** `foresend top`: a live table of what a running server does. */
import { Command } from 'commander'
import { ForesendError } from '../../error.ts'
import { SERVICE_FOLDER, stateFolder } from '../../history/state-folder.ts'
import type { TraceEntry } from '../../transfer/trace.ts'
import type { TransferView } from '../../control/http/view.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { tracePlot } from '../history-plot.ts'
import { styleFor } from '../render/style.ts'
import { runTop } from './run.ts'

const HELP = `
Keys: up and down (or k and j) select a transfer, s sorts by another column, / filters by client and file, p shows the
packets of the selected one as a plot, a ends it (it asks first), Esc goes back, q quits.

Exit codes: 0 done, 1 no server runs with this state folder, or it may not be asked, 2 usage or no terminal.
`

export function topCommand(context: Context, done: (exitCode: number) => void): Command {
  return new Command('top')
    .summary('a live table of what a server that runs is doing')
    .description(
      'Show what a server that runs is doing, live, with keys to sort, filter, look closer and end a transfer.',
    )
    .helpOption('-h, --help', 'print this page')
    .option('--state <DIR>', `state folder of the server (${stateFolder()})`)
    .addHelpText('after', HELP)
    .action(async (flags: { readonly state?: string }) => done(await top(context, flags.state)))
}

async function top(context: Context, state: string | undefined): Promise<number> {
  if (!context.stdout.isTTY || !process.stdin.isTTY)
    throw usageError('`foresend top` needs a terminal: `foresend status` prints the same once, and --json for programs')
  const { followServer } = await import('../../control/follow.ts')
  const ending = new AbortController()
  const unwatch = context.watch(() => ending.abort())
  const folders = state === undefined ? [...new Set([stateFolder(), SERVICE_FOLDER])] : [state]
  try {
    for (const folder of folders) {
      const isThere = await runTop(
        {
          input: process.stdin,
          output: context.stdout,
          now: () => context.now(),
          follow: (take, signal) => followServer(folder, take, signal),
          abort: (id) => abort(folder, id),
          plot: (id, columns) => plotOf(context, folder, id, columns),
        },
        ending.signal,
      )
      if (isThere) return EXIT.done
    }
  } finally {
    unwatch()
  }
  throw new ForesendError(
    'ERR_TFTP_ACCESS',
    `no server runs with the state folder ${folders[0]}: start \`foresend serve\`, or name its folder with --state`,
    { fault: 'local' },
  )
}

async function abort(folder: string, id: number): Promise<string> {
  const { askServer, detailOf } = await import('../../control/ask.ts')
  const reply = await askServer(folder, 'POST', `/api/v1/transfers/${id}/abort`)
  if (reply === undefined) return 'the server is gone'
  return reply.status === 200 ? `transfer ${id} was ended` : detailOf(reply)
}

async function plotOf(context: Context, folder: string, id: number, columns: number): Promise<readonly string[]> {
  const { askServer } = await import('../../control/ask.ts')
  const [one, packets] = [
    await askServer(folder, 'GET', `/api/v1/transfers/${id}`),
    await askServer(folder, 'GET', `/api/v1/transfers/${id}/trace`),
  ]
  const transfer = one?.body.transfer as TransferView | undefined
  const trace = packets?.body.trace as readonly TraceEntry[] | undefined
  if (transfer === undefined || trace === undefined) return ['it has ended: `foresend history` has its packets']
  const blocks = Math.ceil(transfer.bytes / (transfer.blksize ?? 512))
  return tracePlot(
    trace,
    { direction: transfer.direction, blocks, optionsAgreed: '' },
    columns,
    styleFor(context.stdout.stream),
  )
}
