/** Compares Foresend with the servers that are installed here, side by side in one run. `--help` says how. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findProgram } from '../test/interop/programs.ts'
import { CASES, type Case } from './cases.ts'
import { WorkFolder } from './content.ts'
import type { CaseFigures, Figures, Machine } from './figures.ts'
import { LoadProcess } from './load-process.ts'
import { CORES, pinSelf } from './pin.ts'
import { render } from './report.ts'
import { type Bench, runCase, untilReady } from './run-case.ts'
import { SERVERS, type ServerKind, type StartedServer, startServer, stopAll } from './servers.ts'

const RESULTS = fileURLToPath(new URL('results/', import.meta.url))

const HELP = `Usage: npm run bench -- [flags]

Foresend, tftpd-hpa, atftpd and dnsmasq in turn, on loopback, server and clients on a core each, files in memory.
Servers that are not installed are named and left out; dnsmasq needs root for port 69.

  --quick        under a minute, one small measurement each: shows that the bench works
  --only NAME    this case, or those whose names begin so; repeatable
  --server NAME  Foresend and this server only; repeatable
  --repeats N    measurements of each server in each case (3)
  --client load  our own load process in every case, where atftp would be used
  --keep         leave the folder in memory, with what the servers printed, and name it
  --list         the names of the cases
  -h, --help     this page

FORESEND_PEERS names a folder below which servers' packages were unpacked, FORESEND_ATFTPD_DEB an atftpd package that
shall be unpacked. The figures go to bench/results/latest.json as well.`

/** Divided among the cases: no further round of a case begins when its share is used up. */
const BUDGET_MS = 330_000
const QUICK_BUDGET_MS = 45_000
const QUICK_SHARE = 1 / 10

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    server: { type: 'string', multiple: true, default: [] },
    repeats: { type: 'string' },
    client: { type: 'string', default: 'auto' },
    keep: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (flags.help) console.log(HELP)
else if (flags.list) for (const { name, title } of CASES) console.log(`${name.padEnd(16)} ${title}`)
else await main()

async function main(): Promise<void> {
  const cases = chosenCases()
  const wanted = SERVERS.filter(
    ({ name }) => name.startsWith('foresend') || flags.server.length === 0 || flags.server.includes(name),
  )
  const repeats = Number(flags.repeats ?? (flags.quick ? 1 : 3))
  if (!Number.isInteger(repeats) || repeats < 1) usage(`--repeats ${flags.repeats} is not a number from 1`)
  const folder = new WorkFolder()
  const load = new LoadProcess(CORES?.client)
  const cleanUp = async (): Promise<void> => {
    load.stop()
    await stopAll()
    if (flags.keep) console.log(`kept: ${folder.root}`)
    else folder.remove()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)))
  }
  try {
    const figures = await compare(cases, wanted, repeats, folder, load)
    console.log(render(figures))
    mkdirSync(RESULTS, { recursive: true })
    writeFileSync(`${RESULTS}latest.json`, `${JSON.stringify(figures, undefined, 2)}\n`)
  } finally {
    await cleanUp()
  }
}

async function compare(
  cases: readonly Case[],
  wanted: readonly ServerKind[],
  repeats: number,
  folder: WorkFolder,
  load: LoadProcess,
): Promise<Figures> {
  const machine = thisMachine()
  const startedAt = new Date().toISOString()
  const until = performance.now() + (flags.quick ? QUICK_BUDGET_MS : BUDGET_MS)
  pinSelf()
  const missing: string[] = []
  const programs = new Map<ServerKind, string>()
  for (const kind of wanted) {
    const found = kind.find(folder.root)
    if ('program' in found) programs.set(kind, found.program)
    else missing.push(found.missing)
  }
  const atftp = flags.client === 'load' ? undefined : findProgram('atftp')
  if (atftp === undefined && flags.client !== 'load') {
    missing.push('the client atftp (Debian package atftp): bench/load.ts takes its place, and may be the limit')
  }
  const servers: StartedServer[] = []
  const share = flags.quick ? QUICK_SHARE : 1
  const bench: Omit<Bench, 'until'> = { servers, programs, load, atftp, folder, repeats, share, say }
  for (const [kind, program] of programs) {
    say(`starting ${kind.name}`)
    const server = await startServer(kind, program, folder.served, folder.local, CORES?.server)
    await untilReady(load, folder, server)
    servers.push(server)
  }
  const results: CaseFigures[] = []
  for (const [i, each] of cases.entries()) {
    // A busy machine makes every case long: each gets its share of the time that is left, and one round at least.
    const now = performance.now()
    const ends = now + (until - now) / (cases.length - i)
    results.push(now < until ? await runCase({ ...bench, until: ends }, each) : skipped(each))
  }
  say('')
  const versions = [...programs].map(([kind, program]) => ({ name: kind.name, version: kind.version(program) }))
  return { startedAt, quick: flags.quick, repeats, machine, servers: versions, missing, cases: results }
}

function chosenCases(): readonly Case[] {
  for (const name of flags.only) {
    if (!CASES.some((each) => each.name.startsWith(name))) {
      usage(`--only ${name}: no such case; there are ${CASES.map((each) => each.name).join(', ')}`)
    }
  }
  return flags.only.length === 0 ? CASES : CASES.filter((each) => flags.only.some((name) => each.name.startsWith(name)))
}

function skipped({ name, title, unit }: Case): CaseFigures {
  const empty = { client: '-', clients: 0, transfers: 0, sizeBytes: 0, servers: [] }
  return { name, title, unit, ...empty, skipped: 'not run: the time was up (--only runs it alone)' }
}

function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: availableParallelism(),
    kernel: `${type()} ${release()}`,
    node: process.versions.node,
    pinned: CORES === undefined ? 'not pinned' : `server on core ${CORES.server}, clients on core ${CORES.client}`,
    loadAverage: loadavg()[0] ?? 0,
  }
}

/** What is being done, on a terminal; '' wipes it. */
function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

function usage(message: string): never {
  console.error(`bench: ${message}`)
  process.exit(2)
}
