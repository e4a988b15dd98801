/** One measurement: the load generator against one server, what it cost, and whether everything is whole. */
import { setTimeout as delay } from 'node:timers/promises'
import type { TransferCase } from './cases.ts'
import { intactUploads, removeUploads, type WorkFolder } from './content.ts'
import { watchCores, type Watched } from './disturbance.ts'
import type { Sample } from './figures.ts'
import { type LoadJob, type LoadResult, runLoad } from './load.ts'
import type { Pool } from './pool.ts'
import type { StartedServer } from './server-process.ts'

/** What a usual TFTP client waits before it repeats itself. */
const CLIENT_TIMEOUT_MS = 1000
/** CPU time of a shorter measurement is mostly that of its beginning and end. */
const LEAST_MS_FOR_CPU = 100
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

export async function measure(
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
