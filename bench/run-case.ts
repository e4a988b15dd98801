/** Runs one case: who can take part, how large it may be, then all servers in turn, several times. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Case, HoldCase, TransferCase } from './cases.ts'
import type { WorkFolder } from './content.ts'
import { type CaseFigures, medianSample, type Sample, type ServerFigures } from './figures.ts'
import type { Result, TransferJob } from './job.ts'
import { checkFile, type LoadProcess, runAtftp } from './load-process.ts'
import { CORES } from './pin.ts'
import { canMeasureProcesses, coreTimes, CpuWatch, kernelMemory, memoryOf } from './process-tree.ts'
import { type ServerKind, type StartedServer, startServer } from './servers.ts'

/** What the slowest server may need for one measurement; the others need less. */
const LONGEST_MS = 3000
const LIMIT_MS = 20_000
/** CPU time comes in steps of 10 ms: what a shorter measurement tells is noise. */
const LEAST_MS_FOR_CPU = 300
/** The first, small measurement of a case: it warms up, and tells how large the case may be. */
const TRIAL_SHARE = 1 / 8
const PROBE_BYTES = 100_000
/** Held before the transfers that are counted: what a process needs once is not what a transfer needs. */
const HOLD_FIRST = 200

export interface Bench {
  readonly servers: readonly StartedServer[]
  readonly programs: ReadonlyMap<ServerKind, string>
  readonly load: LoadProcess
  /** The C client's file; undefined when it is missing or not wanted. */
  readonly atftp: string | undefined
  readonly folder: WorkFolder
  readonly repeats: number
  /** Of the sizes in the table, 0..1. */
  readonly share: number
  /** `performance.now()` after which no further round of the case begins, but for the first. */
  readonly until: number
  say(text: string): void
}

export async function runCase(bench: Bench, each: Case): Promise<CaseFigures> {
  try {
    return each.kind === 'hold' ? await runHold(bench, each) : await runTransfers(bench, each)
  } finally {
    bench.folder.clear()
  }
}

/** Waits until a server that was just started answers; throws after 5 s. */
export async function untilReady(load: LoadProcess, folder: WorkFolder, server: StartedServer): Promise<void> {
  const job = { ...jobOf(folder, server, PROBE, PROBE_BYTES), timeoutMs: 100 }
  for (let tries = 0; ; tries++) {
    const { faults } = await load.run(job, LIMIT_MS)
    if (faults.length === 0) return
    if (tries === 8) throw new Error(`${server.kind.name} does not answer: ${faults[0]}`)
  }
}

const PROBE: TransferCase = {
  kind: 'get',
  name: 'probe',
  title: '',
  client: 'load',
  clients: 1,
  transfers: 1,
  sizeBytes: PROBE_BYTES,
  blksize: 512,
  windowsize: 1,
  unit: 'MB/s',
}

async function runTransfers(bench: Bench, each: TransferCase): Promise<CaseFigures> {
  const usesAtftp = each.client === 'atftp' && bench.atftp !== undefined
  const samples = new Map<StartedServer, Sample[]>()
  const notes = new Map<StartedServer, string>()
  for (const server of bench.servers) {
    bench.say(`${each.name}: can ${server.kind.name} do it?`)
    const lack = await lacking(bench, server, each)
    if (lack === '') samples.set(server, [])
    else notes.set(server, lack)
  }
  const attempt = async (server: StartedServer, work: TransferCase): Promise<Sample | undefined> => {
    try {
      return await measure(bench, server, work, usesAtftp)
    } catch (error) {
      notes.set(server, (error as Error).message)
      return undefined
    }
  }
  let slowestMs = 0
  for (const server of samples.keys()) {
    bench.say(`${each.name}: trial of ${server.kind.name}`)
    slowestMs = Math.max(slowestMs, (await attempt(server, sized(each, TRIAL_SHARE)))?.ms ?? 0)
  }
  const work = sized(each, bench.share * Math.min(1, LONGEST_MS / (slowestMs / TRIAL_SHARE)))
  for (let round = 1; mayBegin(bench, round); round++) {
    for (const [server, taken] of samples) {
      bench.say(`${each.name}: ${server.kind.name}, ${round} of ${bench.repeats}`)
      const sample = await attempt(server, work)
      if (sample !== undefined) taken.push(sample)
    }
  }
  const { name, title, unit, clients, transfers, sizeBytes } = work
  const servers = bench.servers.map((server) => figuresOf(server, samples.get(server) ?? [], notes.get(server)))
  return { name, title, unit, client: usesAtftp ? 'atftp' : 'load', clients, transfers, sizeBytes, servers }
}

/** Why a server cannot take part, '' when it can: it must grant the very block size and window that are compared. */
async function lacking(bench: Bench, server: StartedServer, each: TransferCase): Promise<string> {
  const probe = { ...each, clients: 1, transfers: 1 }
  const job = jobOf(bench.folder, server, probe, Math.min(PROBE_BYTES, each.sizeBytes))
  try {
    const result = await bench.load.run(job, LIMIT_MS)
    if (each.kind === 'put') rmSync(join(bench.folder.served, job.file), { force: true })
    if (result.faults.length > 0) return `refused: ${result.faults[0]}`
    if (result.blksize !== each.blksize) return `grants blksize ${result.blksize}`
    return result.windowsize === each.windowsize ? '' : `grants windowsize ${result.windowsize}`
  } catch (error) {
    return (error as Error).message
  }
}

async function measure(bench: Bench, server: StartedServer, work: TransferCase, usesAtftp: boolean): Promise<Sample> {
  const job = jobOf(bench.folder, server, work, work.sizeBytes)
  const cores = coreTimes()
  const cpu = canMeasureProcesses ? new CpuWatch(server.pid) : undefined
  let result: Result
  let cpuSeconds: number | undefined
  try {
    result =
      usesAtftp && bench.atftp !== undefined
        ? await runAtftp(bench.atftp, job, CORES?.client, bench.folder.local, LIMIT_MS)
        : await bench.load.run(job, LIMIT_MS)
  } finally {
    cpuSeconds = cpu?.stop()
  }
  const after = coreTimes()
  const busy = (core: number | undefined): number | undefined => busyShare(cores, after, core)
  if (job.kind === 'put') await checkStored(bench, job)
  if (result.faults.length > 0) throw new Error(`${job.transfers - result.done} failed: ${result.faults[0]}`)
  const perSecond = work.unit === 'MB/s' ? result.bytes / 1e6 : result.done
  const serverCore = busy(CORES?.server)
  const clientCore = busy(CORES?.client)
  return {
    value: (perSecond / result.ms) * 1000,
    ms: result.ms,
    repeats: result.repeats,
    ...(cpuSeconds === undefined || result.ms < LEAST_MS_FOR_CPU
      ? {}
      : { cpuSecondsPerGb: (cpuSeconds / result.bytes) * 1e9 }),
    ...(serverCore === undefined ? {} : { serverCore }),
    ...(clientCore === undefined ? {} : { clientCore }),
  }
}

/** A server may acknowledge the last block before it has written it: it gets 2 s. */
async function checkStored(bench: Bench, job: TransferJob): Promise<void> {
  const path = join(bench.folder.served, job.file)
  let fault = checkFile(path, job)
  for (let tries = 0; fault !== '' && tries < 100; tries++) {
    await delay(20)
    fault = checkFile(path, job)
  }
  rmSync(path, { force: true })
  if (fault !== '') throw new Error(`stored file: ${fault}`)
}

async function runHold(bench: Bench, each: HoldCase): Promise<CaseFigures> {
  const { name, title, unit } = each
  const count = Math.ceil(each.transfers * bench.share)
  const servers: ServerFigures[] = []
  for (const server of bench.servers) {
    const { kind } = server
    const samples: Sample[] = []
    let note: string | undefined
    for (let round = 1; mayBegin(bench, round); round++) {
      bench.say(`${name}: ${kind.name}, ${round} of ${bench.repeats}`)
      try {
        samples.push(await holdOnce(bench, kind, count))
      } catch (error) {
        note = (error as Error).message
      }
    }
    servers.push(figuresOf(server, samples, note))
  }
  return { name, title, unit, client: 'load', clients: count, transfers: count, sizeBytes: 10_240, servers }
}

/** A fresh server, since what was once needed is not given back. */
async function holdOnce(bench: Bench, kind: ServerKind, count: number): Promise<Sample> {
  if (!canMeasureProcesses) throw new Error('needs /proc')
  const program = bench.programs.get(kind) ?? ''
  const { served, local } = bench.folder
  const server = await startServer(kind, program, served, local, CORES?.server)
  try {
    await untilReady(bench.load, bench.folder, server)
    const { address, port } = server
    const hold = async (more: number): Promise<number> => {
      const file = bench.folder.file(10_240).name
      const result = await bench.load.run({ kind: 'hold', address, port, file, count: more }, LIMIT_MS)
      if (result.faults.length > 0) throw new Error(result.faults[0])
      return result.ms
    }
    await hold(Math.min(HOLD_FIRST, count))
    const before = { process: memoryOf(server.pid), kernel: kernelMemory() }
    const ms = await hold(count)
    const kernelKb = (kernelMemory() - before.kernel) / 1024 / count
    return { value: (memoryOf(server.pid) - before.process) / 1024 / count, kernelKb, ms }
  } finally {
    await server.stop()
    await bench.load.run({ kind: 'drop' }, LIMIT_MS)
  }
}

function jobOf(folder: WorkFolder, server: StartedServer, work: TransferCase, sizeBytes: number): TransferJob {
  const { kind, clients, transfers, blksize, windowsize } = work
  const { name, path, crc32 } = folder.file(sizeBytes)
  const file = kind === 'put' ? folder.uploadName() : name
  const { address, port } = server
  const what = { file, source: path, sizeBytes, crc32, clients, transfers, blksize, windowsize, timeoutMs: 1000 }
  return { kind, address, port, ...what }
}

/** The case at a share of its size; where single transfers are counted there are fewer, not smaller ones. */
function sized(each: TransferCase, share: number): TransferCase {
  if (each.unit === 'starts/s') return { ...each, transfers: Math.max(each.clients, Math.ceil(each.transfers * share)) }
  return { ...each, sizeBytes: Math.max(PROBE_BYTES, Math.ceil(each.sizeBytes * share)) }
}

function mayBegin(bench: Bench, round: number): boolean {
  return round === 1 || (round <= bench.repeats && performance.now() < bench.until)
}

function figuresOf(server: StartedServer, samples: readonly Sample[], note: string | undefined): ServerFigures {
  const median = medianSample(samples)
  const clientLimited = (median?.clientCore ?? 0) > 0.95 && (median?.serverCore ?? 1) < 0.9
  const figures = { server: server.kind.name, samples, clientLimited }
  return { ...figures, ...(median === undefined ? {} : { median }), ...(note === undefined ? {} : { note }) }
}

function busyShare(
  before: ReturnType<typeof coreTimes>,
  after: ReturnType<typeof coreTimes>,
  core: number | undefined,
): number | undefined {
  const [from, to] = [before[core ?? -1], after[core ?? -1]]
  if (from === undefined || to === undefined || to.total === from.total) return undefined
  return (to.busy - from.busy) / (to.total - from.total)
}
