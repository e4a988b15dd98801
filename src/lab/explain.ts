/**
 * The experiment that started the project. Some units of one router take an image from no compliant server, take it
 * slowly from Tftpd64 with its anticipation window, and well from a PyTFTPd that was patched to send two packets. Which
 * fault makes a device do all three? Every fault of the catalogue is tried with the servers of the reports, and with
 * Foresend beside them. The result is plain data.
 *
 * The device is U-Boot 1.1.3 of the Ralink SDK with the cost of its console.
 */
import { COUNTER } from '../transfer/contract.ts'
import { uboot113 } from './client/uboot-classic.ts'
import { EXPLAINED_SERVERS, type ExplainedCell, type ExplainedServer } from './explain-cell.ts'
import { type FaultVerdict, judgeFault } from './explain-verdict.ts'
import { FAULTS, type FaultName } from './fault/catalogue.ts'
import { DAY_MS, patternedImage, runExperiment } from './experiment.ts'
import { median } from './median.ts'
import { Rng } from './rng.ts'
import { SERVERS } from './server/catalogue.ts'
import { serverNode } from './server/model.ts'
import type { VerdictKind } from './verdict.ts'

export { EXPLAINED_SERVERS, type ExplainedCell, type ExplainedServer } from './explain-cell.ts'

export interface ExplainOptions {
  /** Runs of each cell. Default 5. A full table of one run each takes about three seconds. */
  readonly seeds?: number
  /** The first of them; the others follow. Default 1. */
  readonly firstSeed?: number
  /** Default: all of the catalogue. */
  readonly faults?: readonly FaultName[]
  /** Default: all of `EXPLAINED_SERVERS`. A fault is judged only when all were run. */
  readonly servers?: readonly ExplainedServer[]
  /** The fault's probability; each fault's own default when left out. */
  readonly p?: number
  /** Default 7.75 MiB. */
  readonly sizeBytes?: number
  /** Default 0.15. */
  readonly roundTripMs?: number
}

export interface Explanation {
  readonly sizeBytes: number
  readonly roundTripMs: number
  readonly seeds: number
  /** Fault by fault, each in the order of the servers. */
  readonly cells: readonly ExplainedCell[]
  /** One for each fault that was run with all servers. */
  readonly verdicts: readonly FaultVerdict[]
}

export interface ExplainProgress {
  readonly done: number
  readonly total: number
  readonly fault: FaultName
  readonly server: ExplainedServer
}

const DEFAULT_SEEDS = 5
const DEFAULT_SIZE_BYTES = 7.75 * 1024 * 1024
const DEFAULT_ROUND_TRIP_MS = 0.15
/** Per block; storms of servers that answer everything end here. */
const MOST_DATAGRAMS_PER_BLOCK = 200

/** The whole experiment. */
export function explain(options: ExplainOptions = {}): Explanation {
  const steps = explainSteps(options)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** The same in steps of one run, for a caller that shows progress or wants to stop. */
export function* explainSteps(options: ExplainOptions = {}): Generator<ExplainProgress, Explanation, void> {
  const faults = options.faults ?? (Object.keys(FAULTS) as FaultName[])
  const servers = options.servers ?? EXPLAINED_SERVERS
  const seeds = options.seeds ?? DEFAULT_SEEDS
  const firstSeed = options.firstSeed ?? 1
  const setting: Setting = {
    image: patternedImage(options.sizeBytes ?? DEFAULT_SIZE_BYTES, 1),
    roundTripMs: options.roundTripMs ?? DEFAULT_ROUND_TRIP_MS,
    p: options.p,
  }
  const total = faults.length * servers.length * seeds
  const cells: ExplainedCell[] = []
  let done = 0
  for (const fault of faults) {
    for (const server of servers) {
      const runs: Run[] = []
      for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
        runs.push(runOnce(fault, server, seed, setting))
        yield { done: ++done, total, fault, server }
      }
      cells.push(summarise(fault, server, runs))
    }
  }
  const complete = EXPLAINED_SERVERS.every((server) => servers.includes(server))
  return {
    sizeBytes: setting.image.length,
    roundTripMs: setting.roundTripMs,
    seeds,
    cells,
    verdicts: complete && seeds > 0 ? faults.map((fault) => judgeFault(fault, cells)) : [],
  }
}

interface Setting {
  readonly image: Uint8Array
  readonly roundTripMs: number
  readonly p: number | undefined
}

interface Run {
  readonly kind: VerdictKind
  readonly success: boolean
  readonly blocks: number
  readonly ms: number
  readonly holes: number
  readonly clientTimeouts: number
  readonly serverTimeouts: number
  readonly datagrams: number
}

const BLKSIZE = 512

function runOnce(fault: FaultName, server: ExplainedServer, seed: number, setting: Setting): Run {
  const { image, roundTripMs, p } = setting
  const rng = new Rng(seed)
  const client = uboot113({ sizeBytes: image.length })
  const node = serverNode(SERVERS[server], { image, rng: rng.fork('server') })
  const { up, down } = FAULTS[fault](rng.fork(fault), p)
  const delayMs = roundTripMs / 2
  const blocksInAll = Math.floor(image.length / BLKSIZE) + 1
  const result = runExperiment({
    client,
    server: node,
    image,
    up: { delayMs, faults: up },
    down: { delayMs, faults: down },
    limits: { untilMs: DAY_MS, maxDatagrams: MOST_DATAGRAMS_PER_BLOCK * blocksInAll },
  })
  const { ms, blocks, holes, clientTimeouts, datagrams } = result
  return {
    kind: result.verdict.kind,
    success: result.outcome?.status === 'completed',
    blocks,
    ms,
    holes,
    clientTimeouts,
    serverTimeouts: node.counters[COUNTER.timeouts] ?? 0,
    datagrams,
  }
}

function summarise(fault: FaultName, server: ExplainedServer, runs: readonly Run[]): ExplainedCell {
  const kinds: Partial<Record<VerdictKind, number>> = {}
  let outcome: VerdictKind = 'unfinished'
  for (const { kind } of runs) {
    kinds[kind] = (kinds[kind] ?? 0) + 1
    if (kinds[kind] > (kinds[outcome] ?? 0)) outcome = kind
  }
  const middle = (value: (run: Run) => number): number => median(runs.map(value)) ?? 0
  const started = runs.filter((run) => run.blocks > 0)
  return {
    fault,
    server,
    kinds,
    outcome,
    reportedSuccess: runs.filter((run) => run.success).length,
    blocks: middle((run) => run.blocks),
    ms: middle((run) => run.ms),
    rateKBytesPerSec: middle((run) => (run.blocks * BLKSIZE) / run.ms),
    holes: middle((run) => run.holes),
    clientTimeouts: middle((run) => run.clientTimeouts),
    serverTimeouts: middle((run) => run.serverTimeouts),
    datagramsPerBlock: median(started.map((run) => run.datagrams / run.blocks)),
  }
}
