/**
 * The experiment: one device boots against one server in virtual time, and a row says what came of it. The same device,
 * server, size and seed give the same row.
 */
import { OPCODE, readBlock, readOpcode, type Request } from '../packet/index.ts'
import type { KnownDevice } from '../transfer/contract.ts'
import { bootDevice, type Device, faultsText } from './device/device.ts'
import type { LinkTap } from './link.ts'
import { Rng } from './rng.ts'
import { PlotTrace, type Point } from './run-trace.ts'
import { type ServerModel, serverNode } from './server/model.ts'
import type { ServerNode } from './server-node.ts'
import { judge, type VerdictKind } from './verdict.ts'
import { type RunEnd, World } from './world.ts'

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
  /** Keep every point for a plot. */
  readonly trace?: boolean
}

export interface RunSetup {
  /** What Foresend's own servers know of a device from its request alone. */
  readonly deviceFor?: (request: Request) => KnownDevice
}

/** What one boot came to. Plain data. */
export interface Row {
  readonly device: string
  readonly server: string
  /** As `readFaults` reads it. */
  readonly fault: string
  readonly seed: number
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

/** A virtual day: a server that waits whole seconds for each block needs hours. */
const UNTIL_MS = 24 * 3_600_000
/** A storm has no end; whoever needs more than this for a block is in one. */
const MOST_DATAGRAMS_PER_BLOCK = 40
const DATAGRAMS_ALLOWANCE = 10_000

/** Runs one cell. */
export function runCell(cell: Cell, setup: RunSetup = {}): RunResult {
  const image = imageOf(cell.sizeBytes)
  const { device, seed, sizeBytes } = cell
  const booted = bootDevice(device, { seed, sizeBytes })
  const server = serverNode(cell.model, {
    image,
    rng: new Rng(seed, `server ${cell.server}`),
    ...(setup.deviceFor === undefined ? {} : { deviceFor: setup.deviceFor }),
  })
  const plot = cell.trace === true ? new PlotTrace() : undefined
  const world = new World()
  const most = MOST_DATAGRAMS_PER_BLOCK * (Math.floor(sizeBytes / SMALL_BLOCK) + 1) + DATAGRAMS_ALLOWANCE
  const gaps = new Gaps(most, () => world.stop())
  world.join(booted.client, server, {
    up: { ...booted.up, ...(plot === undefined ? {} : { tap: plot.up }) },
    down: { ...booted.down, tap: plot === undefined ? gaps : both(gaps, plot.down) },
  })
  const end = world.run({ untilMs: UNTIL_MS, maxDatagrams: 2 * most })
  const { client } = booted
  const verdict = judge(client.result, server.outcome, image, server.started > 0)
  const ms = client.result?.endedAt ?? world.now
  const written = client.result?.writtenMap ?? new Uint8Array(0)
  const blocks = countWritten(written)
  const blksize = client.result?.blksize ?? SMALL_BLOCK
  const bytes = Math.min(sizeBytes, blocks * blksize)
  const row: Row = {
    device: device.name,
    server: cell.server,
    fault: faultsText(device.faults),
    seed,
    sizeBytes,
    verdict: verdict.kind,
    harmful: verdict.harmful,
    ms,
    bytesPerSec: ms > 0 ? (bytes * 1000) / ms : 0,
    blocks,
    holes:
      client.result?.status === 'ok'
        ? Math.max(0, Math.ceil(sizeBytes / blksize) - countOf(written, sizeBytes, blksize))
        : 0,
    clientTimeouts: client.result?.timeouts ?? 0,
    datagrams: server.dataSent,
    datagramsPerBlock: blocks > 0 ? server.dataSent / blocks : 0,
    longestGapMs: gaps.longestUntil(ms),
    drawn: booted.drawn,
    clientSays: client.result?.reason ?? cutOff(end),
    serverSays: serverWords(server),
  }
  return { row, points: plot?.all() ?? [] }
}

/** Cells in order, one by one: between two of them the caller may do something else. The callback counts what is done. */
export function* runMatrix(
  cells: Iterable<Cell>,
  setup: RunSetup = {},
  progress: (done: number) => void = () => {},
): Generator<RunResult, void, void> {
  let done = 0
  for (const cell of cells) {
    yield runCell(cell, setup)
    progress(++done)
  }
}

/** What several boots of one device against one server came to together. */
export interface Summary {
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
  const [{ device, server, fault }] = rows
  const middle = (pick: (row: Row) => number): number => median(rows.map(pick))
  return {
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

/** Of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** What a client uses that asks for nothing. */
const SMALL_BLOCK = 512

/** Hears when blocks come that the device had not seen (the block number alone tells), and stops what is a storm. */
class Gaps implements LinkTap {
  private longest = 0
  private lastAt = 0
  private highest = 0
  private sentLeft: number
  private readonly storm: () => void

  constructor(mostSent: number, storm: () => void) {
    this.sentLeft = mostSent
    this.storm = storm
  }

  /** What waits in a link counts too: a storm may send faster than anything arrives. */
  sent(): void {
    if (--this.sentLeft < 0) this.storm()
  }

  arrived(now: number, frame: Parameters<LinkTap['arrived']>[1]): void {
    if (readOpcode(frame.buffer, frame.offset, frame.length) !== OPCODE.data) return
    const ahead = (readBlock(frame.buffer, frame.offset) - this.highest) & 0xffff
    // Block 1 after a restart counts as progress, a repeat does not.
    if (ahead === 0 || (ahead >= 0x8000 && ahead !== ((1 - this.highest) & 0xffff))) return
    this.highest = (this.highest + ahead) & 0xffff
    this.longest = Math.max(this.longest, now - this.lastAt)
    this.lastAt = now
  }

  longestUntil(endMs: number): number {
    return Math.max(this.longest, endMs - this.lastAt)
  }
}

function both(first: Gaps, second: LinkTap): LinkTap {
  return {
    sent: (now, frame) => {
      first.sent()
      second.sent(now, frame)
    },
    arrived: (now, frame) => {
      first.arrived(now, frame)
      second.arrived(now, frame)
    },
  }
}

function serverWords(server: ServerNode): string {
  const { outcome } = server
  if (outcome === undefined) return server.started > 0 ? 'still at it' : 'heard nothing'
  if (outcome.status !== 'failed') return outcome.lastAck === 'missing' ? 'probably complete' : outcome.status
  return outcome.error?.message ?? 'failed'
}

function cutOff(end: RunEnd): string {
  if (end === 'datagrams' || end === 'stopped') return 'cut off: a storm of packets without end'
  return end === 'time' ? 'cut off after a day' : 'waits for ever'
}

function countWritten(written: Uint8Array): number {
  let count = 0
  for (let i = 0; i < written.length; i++) if (written[i] > 0) count++
  return count
}

/** The same without the empty block that ends a file of whole blocks. */
function countOf(written: Uint8Array, sizeBytes: number, blksize: number): number {
  return countWritten(written.subarray(0, Math.ceil(sizeBytes / blksize)))
}

let lastImage: Uint8Array = new Uint8Array(0)

/** Bytes that differ from block to block, so that a misplaced block shows. Always the same ones for a size. */
function imageOf(sizeBytes: number): Uint8Array {
  if (lastImage.length === sizeBytes) return lastImage
  const image = new Uint8Array(sizeBytes)
  let x = sizeBytes | 1
  for (let i = 0; i < sizeBytes; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0
    image[i] = x >>> 24
  }
  lastImage = image
  return image
}
