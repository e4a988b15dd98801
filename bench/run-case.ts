/** Runs one case: all servers in turn, several times, each for about as long. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Case, TransferCase } from './cases.ts'
import { measureCeiling } from './ceiling.ts'
import { intactUploads, removeUploads, type WorkFolder } from './content.ts'
import { watchCores, type Watched } from './disturbance.ts'
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
import { type LoadJob, type LoadResult, runLoad } from './load.ts'
import type { Place, Pool } from './pool.ts'
import { runMemory } from './run-memory.ts'
import type { StartedServer } from './server-process.ts'
import type { ServerKind } from './servers.ts'

/** What a usual TFTP client waits before it repeats itself. */
const CLIENT_TIMEOUT_MS = 1000
/**
 * The first measurement warms up, and tells how many transfers the others take. It counts only where it took so many times
 * as long as one should: that server is slow enough to have warmed up, and too slow to be measured once more for nothing.
 */
const LONG_TRIALS = 2
/** Measurements for each that is wanted, where other programs disturb them. */
const MOST_TRIES = 2
/** A smaller file is all beginning and end. */
const LEAST_BYTES = 100_000
const LEAST_LIMIT_SECONDS = 4
const MOST_LIMIT_SECONDS = 25
/** CPU time of a shorter measurement is mostly that of its beginning and end. */
const LEAST_MS_FOR_CPU = 100
const LEAST_CEILING_MS = 100
/** A server may acknowledge the last block before it has written it: it gets so long. */
const STORED_TRIES = 100
const STORED_RETRY_MS = 20

export interface Bench {
  readonly pool: Pool
  readonly folder: WorkFolder
  readonly repeats: number
  /** How long a measurement should take. */
  readonly measureMs: number
  /** Of the sizes of the cases, 0..1. */
  readonly share: number
  /** `performance.now()` after which nothing of the case begins, but for one measurement of each server. */
  readonly until: number
  say(text: string): void
}

interface Row {
  readonly kind: ServerKind
  readonly samples: Sample[]
  transfers: number
  lastMs: number
  tried: boolean
  note?: string
  out: boolean
}

export async function runCase(bench: Bench, whole: Case): Promise<CaseFigures> {
  const each = { ...whole, sizeBytes: Math.max(Math.min(LEAST_BYTES, whole.sizeBytes), whole.sizeBytes * bench.share) }
  try {
    return each.kind === 'memory' ? await runMemory(bench, each) : await runTransfers(bench, each)
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
        tried: false,
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
    const isTrial = !row.tried && each.transfers === undefined && sample.ms < LONG_TRIALS * bench.measureMs
    row.tried = true
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

async function measure(
  bench: Bench,
  each: TransferCase,
  server: StartedServer,
  transfers: number,
  limitSeconds: number,
): Promise<Sample> {
  const job = jobOf(bench.folder, each, server, transfers, limitSeconds)
  const stopWatch = watchCores(server)
  let result: LoadResult
  let watched: Watched
  try {
    result = await runLoad(job)
  } finally {
    watched = stopWatch()
  }
  try {
    checkGrant(each, result)
    if (each.kind === 'put') await checkStored(bench.folder, each, server, job, result)
  } finally {
    if (each.kind === 'put') removeUploads(server.folder, job.file)
  }
  const { cpu, serverCoreMs, disturbed } = watched
  const share = (ms: number): number => Math.min(1, ms / result.ms)
  const seconds = cpu === undefined ? 0 : cpu.user + cpu.system
  return {
    value: valueOf(each, result),
    ms: result.ms,
    completed: result.completed,
    failed: result.transfers - result.completed,
    retransmitted: result.retransmitted,
    ...(cpu === undefined || seconds === 0 || result.bytes === 0 || result.ms < LEAST_MS_FOR_CPU
      ? {}
      : { cpuSecondsPerGb: (seconds / result.bytes) * 1e9, kernelShare: cpu.system / seconds }),
    ...(serverCoreMs === undefined ? {} : { serverCore: share(serverCoreMs) }),
    ...(disturbed === undefined ? {} : { disturbed }),
    clientCore: share(result.cpuSeconds * 1000),
  }
}

function valueOf({ unit }: TransferCase, { bytes, ms, completed, transfers }: LoadResult): number {
  if (unit === 'failed') return transfers - completed
  return unit === 'MB/s' ? bytes / 1000 / ms : (completed * 1000) / ms
}

/** It must grant the very block size and window that are compared, and finish something. */
function checkGrant(each: TransferCase, result: LoadResult): void {
  if (result.completed === 0) {
    const why = result.faults[0] ?? 'no transfer came to its end'
    throw new Error(`none of ${result.transfers} done in ${(result.ms / 1000).toFixed(1)} s: ${why}`)
  }
  if (result.blksize !== each.blksize) throw new Error(`grants blksize ${result.blksize}`)
  if (result.windowsize !== each.windowsize) throw new Error(`grants windowsize ${result.windowsize}`)
}

async function checkStored(
  folder: WorkFolder,
  each: TransferCase,
  server: StartedServer,
  job: LoadJob,
  result: LoadResult,
): Promise<void> {
  const source = folder.file(each.sizeBytes)
  let intact = intactUploads(server.folder, job.file, source)
  for (let tries = 0; intact < result.completed && tries < STORED_TRIES; tries++) {
    await delay(STORED_RETRY_MS)
    intact = intactUploads(server.folder, job.file, source)
  }
  if (intact < result.completed) throw new Error(`${intact} intact files of ${result.completed} acknowledged uploads`)
}

/** What the load generator is told for this case. */
export function jobOf(
  folder: WorkFolder,
  each: TransferCase,
  server: StartedServer,
  transfers: number,
  limitSeconds: number,
): LoadJob {
  const { kind, clients, blksize, windowsize, lossPercent, sizeBytes, sparse, onlySeconds } = each
  const { name, path } = folder.file(sizeBytes, sparse)
  const { address, port } = server
  return {
    address,
    port,
    direction: kind,
    file: kind === 'put' ? folder.uploadName() : name,
    ...(sparse === true ? {} : { expect: path }),
    clients,
    transfers,
    blksize,
    windowsize,
    timeoutMs: onlySeconds === undefined ? CLIENT_TIMEOUT_MS : 2000 * onlySeconds,
    ...(lossPercent === undefined ? {} : { lossPercent, seed: 1 }),
    limitSeconds: onlySeconds ?? limitSeconds,
  }
}

function figuresOfRow({ kind, samples: all, note }: Row, repeats: number): ServerFigures {
  const samples = quietest(all, repeats)
  const median = medianSample(samples)
  const figures = { server: kind.name, samples }
  return { ...figures, ...(median === undefined ? {} : { median }), ...(note === undefined ? {} : { note }) }
}
