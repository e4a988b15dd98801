/** Runs one case: all servers in turn, several times, each for about as long. */
import type { Case, TransferCase } from './cases.ts'
import { measureCeiling } from './ceiling.ts'
import {
  type CaseFigures,
  isOurs,
  medianSample,
  MOST_DISTURBED,
  OURS,
  quietest,
  type Sample,
  type ServerFigures,
  spreadOf,
} from './figures.ts'
import { type Bench, measure } from './measure.ts'
import type { Place } from './pool.ts'
import { runClient } from './run-client.ts'
import { runMemory } from './run-memory.ts'
import type { ServerKind } from './servers.ts'

/**
 * The first measurement warms up, and tells how many transfers the others take. It counts only where it took this many times
 * as long as one should: that server is slow enough to have warmed up, and too slow to be measured once more for nothing.
 */
const LONG_TRIALS = 2
/** A first measurement that ends within this share of the wanted time came from a cold server and is repeated. */
const SHORT_TRIAL = 0.6
/** The most first measurements of a server in a case. */
const MOST_TRIALS = 12
/** Foresend compiles itself while it runs, and is at its speed after two to three seconds of work: a measurement counts from then on. */
const WARM_UP_MS = 3000
/** Measurements for each that is wanted, where other programs disturb them. */
const MOST_TRIES = 2
/** A smaller file is all beginning and end. */
const LEAST_BYTES = 100_000
const LEAST_LIMIT_SECONDS = 4
const MOST_LIMIT_SECONDS = 25
const LEAST_CEILING_MS = 100

interface Row {
  readonly kind: ServerKind
  readonly samples: Sample[]
  transfers: number
  lastMs: number
  trials: number
  triedMs: number
  note?: string
  out: boolean
}

export async function runCase(bench: Bench, whole: Case): Promise<CaseFigures> {
  const each = { ...whole, sizeBytes: Math.max(Math.min(LEAST_BYTES, whole.sizeBytes), whole.sizeBytes * bench.share) }
  try {
    switch (each.kind) {
      case 'memory':
        return await runMemory(bench, each)
      case 'client':
        return await runClient(bench, each)
      default:
        return await runTransfers(bench, each)
    }
  } finally {
    bench.folder.clear()
  }
}

async function runTransfers(bench: Bench, each: TransferCase): Promise<CaseFigures> {
  const rows = [...bench.pool.programs.keys()]
    .filter(({ name }) => each.only === undefined || (each.only === 'ours' ? isOurs(name) : name === OURS))
    .map(
      (kind): Row => ({
        kind,
        samples: [],
        transfers: each.transfers ?? each.clients,
        lastMs: 0,
        trials: 0,
        triedMs: 0,
        out: false,
      }),
    )
  const ceilings: number[] = []
  const limitSeconds = limitOf(bench, rows.length)
  for (let pass = 0; ; pass++) {
    const next = rows.filter((row) => mayBegin(bench, row))
    if (next.length === 0) break
    for (const row of next) {
      bench.say(`${each.name}: ${row.kind.name}, ${row.samples.length + 1} of ${bench.repeats}`)
      await takeSample(bench, each, row, limitSeconds)
    }
    if (each.ceiling === true && ceilings.length < bench.repeats) {
      bench.say(`${each.name}: the ceiling`)
      ceilings.push(...((await measureCeiling(each, Math.max(LEAST_CEILING_MS, bench.measureMs / 2))) ?? []))
    }
  }
  if (each.folder === 'disk') for (const { kind } of rows) await bench.pool.drop(kind, 'disk')
  const { name, title, unit, clients, sizeBytes } = each
  const ceiling = spreadOf(ceilings)
  const figures = {
    name,
    title,
    unit,
    clients,
    sizeBytes,
    servers: rows.map((row) => figuresOfRow(row, bench.repeats)),
  }
  return ceiling === undefined ? figures : { ...figures, ceiling }
}

function mayBegin(bench: Bench, { samples, lastMs, out }: Row): boolean {
  const quiet = samples.filter(({ disturbed = 0 }) => disturbed <= MOST_DISTURBED).length
  if (out || quiet >= bench.repeats || samples.length >= bench.repeats * MOST_TRIES) return false
  return samples.length === 0 || performance.now() + lastMs < bench.until
}

/** So that one measurement of every server fits into the case's share of time. */
function limitOf(bench: Bench, servers: number): number {
  const share = (bench.until - performance.now()) / 1000 / Math.max(1, servers)
  return Math.round(Math.min(MOST_LIMIT_SECONDS, Math.max(LEAST_LIMIT_SECONDS, share)))
}

/** Adds a sample to the row, or finds out how many transfers make one, or why there is none. */
async function takeSample(bench: Bench, each: TransferCase, row: Row, limitSeconds: number): Promise<void> {
  const place: Place = each.folder ?? 'memory'
  const began = performance.now()
  let broken = true
  try {
    const server = await bench.pool.get(row.kind, place)
    const sample = await measure(bench, each, server, row.transfers, limitSeconds)
    broken = sample.failed > 0 || each.fresh === true
    if (sample.failed > 0) row.note = `${sample.failed} of ${sample.failed + sample.completed} transfers failed`
    const isTrial = each.transfers === undefined && row.trials < MOST_TRIALS && isOnTrial(bench, row, sample)
    row.trials++
    row.triedMs += sample.ms
    if (!isTrial || sample.failed > 0) row.samples.push(sample)
    else row.transfers = Math.ceil(row.transfers * Math.max(1, bench.measureMs / sample.ms))
  } catch (error) {
    row.note = (error as Error).message
    // What it cannot do once it cannot do twice; what went wrong later stands beside what was measured before.
    row.out = true
  }
  row.lastMs = performance.now() - began
  if (broken) await bench.pool.drop(row.kind, place)
}

function isOnTrial(bench: Bench, row: Row, { ms }: Sample): boolean {
  const { kind, trials, triedMs, samples } = row
  if (samples.length > 0) return false
  if (isOurs(kind.name) && triedMs < WARM_UP_MS * bench.share) return true
  return ms < bench.measureMs * (trials === 0 ? LONG_TRIALS : SHORT_TRIAL)
}

function figuresOfRow({ kind, samples: all, note }: Row, repeats: number): ServerFigures {
  const samples = quietest(all, repeats)
  const median = medianSample(samples)
  const figures = { server: kind.name, samples }
  return { ...figures, ...(median === undefined ? {} : { median }), ...(note === undefined ? {} : { note }) }
}
