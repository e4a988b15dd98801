/**
 * A cell: one device boots against one server in virtual time, and a row says what came of it. The same device,
 * server, size and seed give the same row.
 */
import type { DeviceMemory } from '../profile/memory.ts'
import { COUNTER } from '../transfer/contract.ts'
import { DEFAULT_BLKSIZE } from '../transfer/negotiate.ts'
import { bootDevice, type Device, faultsText } from './device/device.ts'
import { habitsOf } from './device/habits.ts'
import { DAY_MS, type ExperimentResult, patternedImage, runExperiment } from './experiment.ts'
import type { LinkTap } from './link.ts'
import { median } from './median.ts'
import { Rng } from './rng.ts'
import { PlotTrace, type Point } from './run-trace.ts'
import { type ServerModel, serverNode } from './server/model.ts'
import type { ServingNode } from './node.ts'
import type { VerdictKind } from './verdict.ts'
import type { PauseVerdict } from './verdict-pause.ts'
import { type NoWay, whyNoWay } from './verdict-way.ts'
import type { RunEnd } from './world.ts'

/** 7.75 MiB, the firmware of the device that the project was started for. */
export const FIRMWARE_BYTES = 8_126_464
/** Enough for every fault to show, and a sixth of the time. */
export const DEFAULT_SIZE_BYTES = 1_048_576

export interface Cell {
  readonly device: Device
  /** The name of the server, for the row. */
  readonly server: string
  readonly model: ServerModel
  readonly sizeBytes: number
  readonly seed: number
  /** Which boot of this unit it is, from 1. Default 1. */
  readonly boot?: number
  /** What Foresend learnt in the boots before, and where goes what it learns in this one. */
  readonly memory?: DeviceMemory
  /** Keep every point for a plot. */
  readonly trace?: boolean
  /** See what goes over the links; instead of a trace. */
  readonly taps?: { readonly up: LinkTap; readonly down: LinkTap }
}

/** What one boot, or one upload, came to. Plain data. */
export interface Row {
  /** `read`: the device loads the file. `write`: a client stores it. */
  readonly direction: 'read' | 'write'
  /** The device, or the client that stores. */
  readonly device: string
  readonly server: string
  /** As `readFaults` reads it. */
  readonly fault: string
  readonly seed: number
  /** From 1; above 1 only for boots in a row. */
  readonly boot: number
  readonly sizeBytes: number
  readonly verdict: VerdictKind
  /** True for what must never happen: a hole, a wrong byte, a success reported for what is not there. */
  readonly harmful: boolean
  /** Virtual milliseconds from the request until the device was done, or the run was cut off. */
  readonly ms: number
  /** Bytes of the file that the device has by then, over that time. */
  readonly bytesPerSec: number
  /** Blocks that the device has. */
  readonly blocks: number
  /** Blocks missing in an image that the device takes for whole. */
  readonly holes: number
  readonly clientTimeouts: number
  readonly datagrams: number
  /** DATA sent for each block that the device has. */
  readonly datagramsPerBlock: number
  /** The longest time without a block that the device had not seen, in milliseconds. */
  readonly longestGapMs: number
  /** Those above a second and what they were made of; of Foresend's own servers only. */
  readonly pauses?: readonly PauseVerdict[]
  /** Of a boot that failed: why no sender could have brought it to its end. Left out where one could. */
  readonly noWay?: NoWay
  /** Blocks that the server had on the way at most when the transfer ended; 0 where it does not say. */
  readonly windowBlocks: number
  /** What the boot drew, by path. */
  readonly drawn: Readonly<Record<string, number>>
  /** How the device and the server saw the end, in words. */
  readonly clientSays: string
  readonly serverSays: string
}

export interface RunResult {
  readonly row: Row
  /** With `trace`: what went over the link. */
  readonly points: readonly Point[]
}

/** A storm has no end; a server that needs more than this for a block is in one. */
const MOST_DATAGRAMS_PER_BLOCK = 40
const DATAGRAMS_ALLOWANCE = 10_000

/** DATA that one side may send before it counts as a storm. */
export function mostDatagrams(sizeBytes: number): number {
  return MOST_DATAGRAMS_PER_BLOCK * (Math.floor(sizeBytes / DEFAULT_BLKSIZE) + 1) + DATAGRAMS_ALLOWANCE
}

/** Runs one cell. */
export function runCell(cell: Cell): RunResult {
  const image = imageOf(cell.sizeBytes)
  const { device, seed, sizeBytes } = cell
  const { boot = 1, memory } = cell
  const booted = bootDevice(device, { seed, sizeBytes, boot })
  const server = serverNode(cell.model, {
    image,
    rng: new Rng(seed, `server ${cell.server}${boot === 1 ? '' : ` boot ${boot}`}`),
    ...(memory === undefined ? {} : { memory }),
  })
  const plot = cell.trace === true ? new PlotTrace() : undefined
  const taps = cell.taps ?? plot
  const most = mostDatagrams(sizeBytes)
  const result = runExperiment({
    client: booted.client,
    server,
    image,
    up: { ...booted.up, ...(taps === undefined ? {} : { tap: taps.up }) },
    down: { ...booted.down, ...(taps === undefined ? {} : { tap: taps.down }) },
    limits: { untilMs: DAY_MS, maxDatagrams: 2 * most, maxSent: most },
  })
  const { verdict, ms, blocks, datagrams } = result
  const row: Row = {
    direction: 'read',
    device: device.name,
    server: cell.server,
    fault: faultsText(device.faults),
    seed,
    boot,
    sizeBytes,
    verdict: verdict.kind,
    harmful: verdict.harmful,
    ms,
    bytesPerSec: ms > 0 ? (result.bytes * 1000) / ms : 0,
    blocks,
    holes: result.holes,
    clientTimeouts: result.clientTimeouts,
    datagrams,
    datagramsPerBlock: blocks > 0 ? datagrams / blocks : 0,
    longestGapMs: result.longestGapMs,
    windowBlocks: server.counters[COUNTER.windowBlocks] ?? 0,
    drawn: booted.drawn,
    clientSays: result.client?.reason ?? cutOff(result.end),
    serverSays: serverWords(server),
    ...(result.pauses.length === 0 ? {} : { pauses: result.pauses }),
    ...noWayOf(cell, result, server),
  }
  return { row, points: plot?.all() ?? [] }
}

/** Nothing for an intact image, or where a sender could have done better. */
function noWayOf(cell: Cell, result: ExperimentResult, server: ServingNode): { noWay?: NoWay } {
  if (server.service === undefined && server.started > 0) return {}
  if (isIntact({ verdict: result.verdict.kind })) return {}
  const { device, seed, sizeBytes } = cell
  const { repeat } = habitsOf(() => bootDevice(device, { seed, sizeBytes }).client)
  const noWay = whyNoWay(result, { heard: server.started > 0, countsRepeats: repeat === 'taken for the next block' })
  return noWay === undefined ? {} : { noWay }
}

/** Cells in order, one by one: between two of them the caller may do something else. The callback counts what is done. */
export function* runMatrix(
  cells: Iterable<Cell>,
  progress: (done: number) => void = () => {},
): Generator<RunResult, void, void> {
  let done = 0
  for (const cell of cells) {
    yield runCell(cell)
    progress(++done)
  }
}

/** What several boots of one device against one server came to together. */
export interface Summary {
  readonly direction: Row['direction']
  readonly device: string
  readonly server: string
  readonly fault: string
  readonly runs: number
  /** Boots that ended in an intact image. */
  readonly intact: number
  /** The worst that happened. */
  readonly worst: VerdictKind
  readonly harmful: number
  /** Medians over all boots. */
  readonly bytesPerSec: number
  readonly ms: number
  readonly holes: number
  readonly clientTimeouts: number
  readonly datagramsPerBlock: number
  /** Blocks that it had at the end. */
  readonly blocks: number
  readonly rows: readonly Row[]
}

/** From harmless to what must never happen. */
const BY_HARM: readonly VerdictKind[] = [
  'probed',
  'intact',
  'intact-but-server-failed',
  'both-know-it-failed',
  'client-failed-server-unsure',
  'believed-without-ack',
  'unfinished',
  'client-failed-server-thinks-complete',
  'wrong-bytes',
  'hole',
]

export function isIntact(row: Pick<Row, 'verdict'>): boolean {
  return row.verdict === 'intact' || row.verdict === 'intact-but-server-failed'
}

/** Rows of one device against one server, at least one. */
export function summarize(rows: readonly Row[]): Summary {
  const [{ direction, device, server, fault }] = rows
  const middle = (pick: (row: Row) => number): number => median(rows.map(pick)) ?? 0
  return {
    direction,
    device,
    server,
    fault,
    runs: rows.length,
    intact: rows.filter(isIntact).length,
    worst: BY_HARM[Math.max(...rows.map(({ verdict }) => BY_HARM.indexOf(verdict)))],
    harmful: rows.filter(({ harmful }) => harmful).length,
    bytesPerSec: middle((row) => row.bytesPerSec),
    ms: middle((row) => row.ms),
    holes: middle((row) => row.holes),
    clientTimeouts: middle((row) => row.clientTimeouts),
    datagramsPerBlock: middle((row) => row.datagramsPerBlock),
    blocks: middle((row) => row.blocks),
    rows,
  }
}

/** How the server saw the end, in words. */
export function serverWords(server: ServingNode): string {
  const { outcome } = server
  if (outcome === undefined) return server.started > 0 ? 'still at it' : 'heard nothing'
  if (outcome.status !== 'failed') return outcome.lastAck === 'missing' ? 'probably complete' : outcome.status
  return outcome.error?.message ?? 'failed'
}

/** How a run ended in which one side never decided, in words. */
export function cutOff(end: RunEnd): string {
  if (end === 'datagrams' || end === 'stopped') return 'cut off: a storm of packets without end'
  return end === 'time' ? 'cut off after a day' : 'waits for ever'
}

let lastImage: Uint8Array = new Uint8Array(0)

/** The image of a size, kept for the next cell. */
function imageOf(sizeBytes: number): Uint8Array {
  if (lastImage.length !== sizeBytes) lastImage = patternedImage(sizeBytes, sizeBytes | 1)
  return lastImage
}
