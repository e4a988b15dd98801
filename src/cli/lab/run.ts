/** `foresend lab run`: devices against servers in virtual time. */
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { type Cell, type Device, type Point, type Row, runMatrix, type Summary, summarize } from '../../lab/index.ts'
import { DEFAULT_SIZE_BYTES } from '../../lab/run.ts'
import { runUploadCell, type UploadCell } from '../../lab/run-upload.ts'
import { DeviceMemory } from '../../profile/memory.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError } from '../exit.ts'
import { cannotWrite } from '../write-file.ts'
import { wholeNumber } from '../flags.ts'
import {
  devicesFor,
  faultList,
  linkFaultSets,
  type NamedServer,
  nameList,
  serversFor,
  sizeFlag,
  storersFor,
  uploadersFor,
  withEachFault,
} from './names.ts'
import { jsonLine } from '../render/json.ts'
import { labPage, type Plot, plotOf } from './render/html.ts'
import { CountProgress } from './render/progress.ts'
import { bootLines } from './render/boots.ts'
import { pauseLines } from './render/pauses.ts'
import { summaryLines } from './render/table.ts'
import { plain } from '../render/plain.ts'
import { styleFor } from '../render/style.ts'
import { countText } from '../render/units.ts'

const DESCRIPTION = `Boot devices against servers in virtual time, and say what came of it.

Every device of the lab is a model of a real client with a fault; every server is a model of a real program, or Foresend's \
own endpoint. The same seed gives the same result, to the byte.

With --put clients store a file on servers: --device names a client that stores, --server a server or a device in its \
recovery mode (\`foresend lab list uploaders\` and \`storers\`).`

const EXAMPLES = `
Examples:
  foresend lab run                                       every device against every server
  foresend lab run --device archer-c2-faulty --runs 20   twenty units of one device: each boot draws how bad it is
  foresend lab run --device uboot-1.1 --server 'tftpd64*,foresend*' --fault ack-loss:p=0.037 --size 7.75MiB
  foresend lab run --device uboot-2020 --server foresend --fault ack-loss:p=0.037,burst=4 --boots 5
                                                         five boots in a row, with what was learnt carried over
  foresend lab run --device strict --fault all           one client with every fault
  foresend lab run --put --device foresend-put,curl --server netgear-recovery --fault data-loss:p=0.05 --runs 20
                                                         uploads to devices in their recovery mode
  foresend lab run --html lab.html                       a page with the matrix and a plot of every cell

A fault is NAME, or NAME:p=0.05,burst=2, or NAME:p=0.01..0.3 for a value that each boot draws; + joins several.
Exit codes: 0 done, 1 Foresend did harm, or it was stopped before the end, 2 usage.
`

interface RunFlags {
  readonly device?: readonly string[]
  readonly server?: readonly string[]
  readonly fault?: readonly string[]
  readonly size?: number
  readonly seed?: number
  readonly runs?: number
  readonly boots?: number
  readonly put?: true
  readonly json?: true
  readonly html?: string
}

export function labRunCommand(context: Context, done: (exitCode: number) => void): Command {
  return addCellFlags(
    new Command('run').summary('boot devices against servers in virtual time').description(DESCRIPTION),
  )
    .option('--seed <N>', 'what the first boot draws from; each further boot takes the next (1)', seedFlag)
    .option('--runs <N>', 'boots of each device against each server (1)', wholeNumber('boots', 1, 1_000_000))
    .option(
      '--boots <N>',
      'boots of each unit in a row; what Foresend learns in one is known in the next',
      wholeNumber('boots', 1, MOST_BOOTS),
    )
    .option('--put', 'uploads: clients that store against servers that are written to')
    .optionsGroup('What it shows:')
    .option('--json', 'one JSON object for each boot')
    .option('--html <FILE>', 'write a page with the matrix, a plot of every cell, and the spread over seeds')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: RunFlags) => done(await labRun(context, flags)))
}

/** The flags that say what runs. */
export function addCellFlags(command: Command): Command {
  return command
    .helpOption('-h, --help', 'print this page')
    .optionsGroup('What runs:')
    .option('--device <NAME>', 'device, `NAME*`, or a device file; repeatable, commas allowed (all)', nameList)
    .option('--server <NAME>', 'server, or `NAME*`; repeatable, commas allowed (all)', nameList)
    .option(
      '--fault <FAULT>',
      "instead of the device's own: see below; repeatable; `all` for each (its own)",
      faultList,
    )
    .option('--size <BYTES>', 'size of the image, such as 512k or 7.75MiB (1MiB)', sizeFlag)
}

/** More in a row teach nothing: what a server can learn it knows after a few. */
const MOST_BOOTS = 10_000

/** Of all cells together: a row is kept of each. */
const MOST_IN_ALL = 1_000_000

export const seedFlag = wholeNumber('a seed', 0, Number.MAX_SAFE_INTEGER)

async function labRun(context: Context, flags: RunFlags): Promise<number> {
  if (flags.json === true && flags.html !== undefined) {
    throw usageError('--json and --html are two ways to show the same: give one of them')
  }
  if (flags.boots !== undefined && flags.html !== undefined) {
    throw usageError('--html shows boots of different units, --boots those of one unit in a row: give one of them')
  }
  if (flags.put === true) return await labPut(context, flags)
  const devices = withEachFault(devicesFor(flags.device), flags.fault)
  const servers = serversFor(flags.server)
  // Before the work, not after it.
  if (flags.html !== undefined) onPage(flags.html, (path) => closeSync(openSync(path, 'a')))
  const cells = cellsOf(devices, servers, flags)
  const json = flags.json === true
  const runs = flags.runs ?? 1
  const plots: Plot[] = []
  const rows: Row[] = []
  await runCells(context, cells, cells.length, ({ row, points }) => {
    rows.push(row)
    // The first boot of each cell is the one that is drawn.
    if (flags.html !== undefined && rows.length % runs === 1 % runs) plots.push(plotOf(points))
    if (json) context.stdout.write(`${jsonLine(row)}\n`)
  })
  const summaries = grouped(rows, runs * (flags.boots ?? 1))
  if (!json && rows.length > 0) {
    const style = styleFor(context.stdout.stream)
    const lines =
      flags.boots === undefined ? summaryLines(summaries, style) : bootLines(grouped(rows, flags.boots), style)
    const reasons = flags.boots === undefined ? pauseLines(summaries, style) : []
    for (const line of [...lines, ...reasons]) context.stdout.write(`${line}\n`)
    context.stdout.write(`\n${closingLine(rows, summaries, cells.length)}\n`)
  }
  if (flags.html !== undefined) {
    const about = servers.map(({ name, model }) => ({ name, summary: model.summary }))
    const page = labPage({ summaries, plots, devices, servers: about })
    onPage(flags.html, (path) => writeFileSync(path, page))
    context.stderr.write(`wrote ${plain(flags.html)}\n`)
  }
  return rows.length < cells.length || rows.some((row) => row.harmful && isOurs(row.server)) ? EXIT.failed : EXIT.done
}

/** Uploads: every client that stores with every server that is written to. */
async function labPut(context: Context, flags: RunFlags): Promise<number> {
  if (flags.boots !== undefined || flags.html !== undefined) {
    throw usageError('--boots and --html show boots, and --put uploads: give one of them')
  }
  const uploaders = uploadersFor(flags.device)
  const storers = storersFor(flags.server)
  const sets = linkFaultSets(flags.fault)
  const runs = flags.runs ?? 1
  const sizeBytes = flags.size ?? DEFAULT_SIZE_BYTES
  requireFew(uploaders.length * sets.length * storers.length * runs)
  const cells: UploadCell[] = []
  for (const { name: client, model: uploader } of uploaders) {
    for (const faults of sets) {
      for (const { name: server, model: storer } of storers) {
        for (const seed of seedsOf(flags)) cells.push({ client, uploader, server, storer, faults, sizeBytes, seed })
      }
    }
  }
  const rows: Row[] = []
  await runAll(context, cells, runUploadCell, (row) => {
    rows.push(row)
    if (flags.json === true) context.stdout.write(`${jsonLine(row)}\n`)
  })
  const summaries = grouped(rows, runs)
  if (flags.json !== true && rows.length > 0) {
    for (const line of summaryLines(summaries, styleFor(context.stdout.stream))) context.stdout.write(`${line}\n`)
    context.stdout.write(`\n${closingLine(rows, summaries, cells.length)}\n`)
  }
  const isHarmful = rows.some((row) => row.harmful && (isOurs(row.server) || isOurs(row.device)))
  return rows.length < cells.length || isHarmful ? EXIT.failed : EXIT.done
}

function seedsOf({ seed = 1, runs = 1 }: RunFlags): number[] {
  return Array.from({ length: runs }, (_, index) => seed + index)
}

function cellsOf(devices: readonly Device[], servers: readonly NamedServer[], flags: RunFlags): Cell[] {
  const first = flags.seed ?? 1
  const runs = flags.runs ?? 1
  const sizeBytes = flags.size ?? DEFAULT_SIZE_BYTES
  requireFew(devices.length * servers.length * runs * (flags.boots ?? 1))
  const cells: Cell[] = []
  for (const device of devices) {
    for (const { name, model } of servers) {
      for (let run = 0; run < runs; run++) {
        const trace = flags.html !== undefined && run === 0
        const cell = { device, server: name, model, sizeBytes, seed: first + run, trace }
        if (flags.boots === undefined) cells.push(cell)
        else cells.push(...inARow(cell, flags.boots))
      }
    }
  }
  return cells
}

function requireFew(boots: number): void {
  if (boots <= MOST_IN_ALL) return
  throw usageError(
    `that is ${boots} boots in all, and ${MOST_IN_ALL} are allowed: name fewer devices, servers or faults, or lower --runs or --boots`,
  )
}

/** The same unit again and again; what the server learns in one boot is there in the next. */
function inARow(cell: Cell, boots: number): Cell[] {
  const memory = new DeviceMemory()
  return Array.from({ length: boots }, (_, index) => ({ ...cell, boot: index + 1, memory }))
}

/** Between two turns of the event loop; signals and the terminal want theirs. */
const TURN_MS = 50

/** Runs what `cells` hold, with progress on standard error, until all is done, `each` says stop, or a signal comes. */
export async function runCells(
  context: Context,
  cells: Iterable<Cell>,
  total: number,
  each: (result: { readonly row: Row; readonly points: readonly Point[] }) => boolean | void,
): Promise<void> {
  await drive(context, (progress) => runMatrix(cells, progress), total, each)
}

/** The same for cells of another kind, each run by `run`. */
async function runAll<C, R>(
  context: Context,
  cells: readonly C[],
  run: (cell: C) => R,
  each: (result: R) => void,
): Promise<void> {
  function* steps(progress: (done: number) => void): Generator<R, void, void> {
    for (const [index, cell] of cells.entries()) {
      yield run(cell)
      progress(index + 1)
    }
  }
  await drive(context, steps, cells.length, each)
}

async function drive<R>(
  context: Context,
  steps: (progress: (done: number) => void) => Iterable<R>,
  total: number,
  each: (result: R) => boolean | void,
): Promise<void> {
  const progress = new CountProgress(context.stderr, context.now, 'boots')
  let stopped = false
  const unwatch = context.watch(() => {
    stopped = true
  })
  let turnAt = context.now()
  try {
    for (const result of steps((count) => progress.update(count, total))) {
      if (each(result) === true) break
      if (context.now() - turnAt < TURN_MS) continue
      await new Promise((resolve) => setImmediate(resolve))
      if (stopped) break
      turnAt = context.now()
    }
  } finally {
    unwatch()
    progress.close()
  }
}

/** Boots that belong together, `size` of them, come one after the other. */
function grouped(rows: readonly Row[], size: number): Summary[] {
  const summaries: Summary[] = []
  for (let at = 0; at < rows.length; at += size) summaries.push(summarize(rows.slice(at, at + size)))
  return summaries
}

function closingLine(rows: readonly Row[], summaries: readonly Summary[], asked: number): string {
  const intact = summaries.reduce((sum, summary) => sum + summary.intact, 0)
  const harmful = rows.filter((row) => row.harmful).length
  const cut = rows.length < asked ? ` (stopped: ${rows.length} of ${asked})` : ''
  return `${countText(rows.length, rows[0]?.direction === 'write' ? 'upload' : 'boot')}${cut}: ${intact} intact, ${rows.length - intact - harmful} failed, ${harmful} harmful`
}

export function isOurs(server: string): boolean {
  return server.startsWith('foresend')
}

function onPage(path: string, act: (path: string) => void): void {
  try {
    act(path)
  } catch (error) {
    throw cannotWrite(`the page ${path}`, error)
  }
}
