/** Compares Foresend with the servers that are installed here, side by side in one run. `--help` says how. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Case, CASES } from './cases.ts'
import { stopCeiling } from './ceiling.ts'
import { beginClosing } from './closing.ts'
import { WorkFolder } from './content.ts'
import { documentParts, profilePart, writeDocument } from './document.ts'
import type { CaseFigures, Figures, Machine } from './figures.ts'
import { type Flags, HELP, readFlags } from './flags.ts'
import { stopLoad } from './load.ts'
import { page } from './page.ts'
import { CORES, pinSelf } from './pin.ts'
import { Pool } from './pool.ts'
import { profile } from './profile.ts'
import { profileTable } from './profile-table.ts'
import { render } from './report.ts'
import { runCase } from './run-case.ts'
import { SERVERS, type ServerKind } from './servers.ts'
import { accounting, stopAll } from './server-process.ts'

const RESULTS = fileURLToPath(new URL('results/', import.meta.url))
const LATEST = `${RESULTS}latest.json`

/** Divided among the cases: no further measurement of a case begins when its share is used up. */
const BUDGET_MS = 1_800_000
const QUICK_BUDGET_MS = 45_000
/** Long against what a process and its first packets cost, short enough for three rounds of everything. */
const MEASURE_MS = 600
const QUICK_MEASURE_MS = 10
const QUICK_SHARE = 1 / 16
/** A quick look does not have the patience for these, nor for what is a point of a curve only. */
const QUICK_LEAVES_OUT = /^(clients-1000|loss-5|loss-1-w1$|disk|memory|herd|client-)/

const flags = readFlags(process.argv.slice(2), SERVERS, CASES)
if (typeof flags === 'string') {
  console.error(`bench: ${flags}`)
  process.exitCode = 2
} else if (flags.help) console.log(HELP)
else if (flags.list) for (const { name, title } of CASES) console.log(`${name.padEnd(17)} ${title}`)
else if (flags.render) publish(JSON.parse(readFileSync(LATEST, 'utf8')) as Figures, flags)
else await main(flags)

async function main(flags: Flags): Promise<void> {
  const folder = new WorkFolder(RESULTS)
  const cleanUp = async (): Promise<void> => {
    beginClosing()
    stopCeiling()
    await Promise.all([stopLoad(), stopAll()])
    if (flags.keep) console.log(`kept: ${folder.root}`)
    else folder.remove()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)))
  }
  try {
    if (flags.profile) return await profileOurs(flags, folder)
    const figures = await compare(flags, folder)
    publish(figures, flags)
  } finally {
    await cleanUp()
  }
}

function publish(figures: Figures, { html, json, writeDoc }: Flags): void {
  console.log(json === '-' ? JSON.stringify(figures, undefined, 2) : render(figures))
  if (json !== undefined && json !== '-') writeFileSync(json, `${JSON.stringify(figures, undefined, 2)}\n`)
  if (html !== undefined) writeFileSync(html, page(figures))
  if (writeDoc) writeDocument(documentParts(figures))
}

async function profileOurs(flags: Flags, folder: WorkFolder): Promise<void> {
  pinSelf()
  const found = await profile(folder, flags.chosen ? flags.cases.map(({ name }) => name) : [], say)
  say('')
  console.log(profileTable(found))
  if (flags.writeDoc) writeDocument(profilePart(found))
}

async function compare(flags: Flags, folder: WorkFolder): Promise<Figures> {
  const began = performance.now()
  const machine = thisMachine()
  const startedAt = new Date().toISOString()
  const usualMs = flags.quick ? QUICK_BUDGET_MS : BUDGET_MS
  const until = began + (flags.minutes === undefined ? usualMs : flags.minutes * 60_000)
  pinSelf()
  const missing: string[] = []
  const programs = new Map<ServerKind, string>()
  for (const kind of flags.servers) {
    const found = kind.find(folder.root)
    if ('program' in found) programs.set(kind, found.program)
    else missing.push(found.missing)
  }
  const pool = new Pool(programs, folder)
  const repeats = flags.repeats ?? (flags.quick ? 1 : 3)
  const measureMs = flags.quick ? QUICK_MEASURE_MS : MEASURE_MS
  const cases = flags.cases.filter(
    ({ name, curveOnly }) => !flags.quick || flags.chosen || (curveOnly !== true && !QUICK_LEAVES_OUT.test(name)),
  )
  const versions = [...programs].map(([kind, program]) => ({ name: kind.name, version: kind.version(program) }))
  const results: CaseFigures[] = []
  const soFar = (): Figures => {
    const durationMs = performance.now() - began
    return { startedAt, durationMs, quick: flags.quick, repeats, machine, servers: versions, missing, cases: results }
  }
  for (const [i, each] of cases.entries()) {
    // A busy machine makes every case long: each gets its share of the time that is left, and one round at least.
    const now = performance.now()
    const left = cases.slice(i).reduce((sum, { weight = 1 }) => sum + weight, 0)
    const ends = now + ((until - now) * (each.weight ?? 1)) / left
    const share = flags.quick ? QUICK_SHARE : 1
    const bench = { pool, folder, repeats, measureMs, share, until: ends, say }
    results.push(now < until ? await runCase(bench, each) : skipped(each))
    keep(soFar())
  }
  say('')
  return soFar()
}

/** After each case: what was measured before a run is broken off can be shown with --render. */
function keep(figures: Figures): void {
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(LATEST, `${JSON.stringify(figures, undefined, 2)}\n`)
}

function skipped({ name, title, unit, clients, sizeBytes }: Case): CaseFigures {
  const why = 'the time was up (--only runs it alone)'
  return { name, title, unit, clients, sizeBytes, servers: [], skipped: why }
}

function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.versions.node,
    pinned: CORES === undefined ? 'not pinned' : `server on core ${CORES.server}, clients on core ${CORES.client}`,
    accounting: accounting(),
    loadAverage: loadavg()[0] ?? 0,
  }
}

/** What is being done, on a terminal; '' wipes it. */
function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
