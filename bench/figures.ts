/** What a run leaves behind: plain data, written as JSON; tables, page and document are made of it. */
import { median } from '../src/lab/median.ts'

export interface Sample {
  /** In the case's unit. */
  readonly value: number
  readonly ms: number
  readonly completed: number
  readonly failed: number
  /** CPU time that the kernel charges to the server's processes, for 10^9 bytes of content; absent where not known. */
  readonly cpuSecondsPerGb?: number
  /** What of it was spent in the kernel, 0..1. */
  readonly kernelShare?: number
  /** Share of its core that was busy, with whatever, 0..1. */
  readonly serverCore?: number
  readonly clientCore?: number
  /** The share of a core that other programs took meanwhile, 0..1: noise. */
  readonly disturbed?: number
  /** Datagrams that the load generator had to send again. */
  readonly retransmitted?: number
  /** `memory`: what the processes grew by, KB for each transfer. */
  readonly processKb?: number
  /** `memory`: what the kernel's own memory grew by, the client's part taken off. */
  readonly kernelKb?: number
}

export interface ServerFigures {
  readonly server: string
  readonly samples: readonly Sample[]
  /** Each field's own median; absent when there are no samples. */
  readonly median?: Sample
  /** Why there are none, or what went wrong with some. */
  readonly note?: string
}

export interface CaseFigures {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly clients: number
  readonly sizeBytes: number
  readonly servers: readonly ServerFigures[]
  /** MB/s that two processes reach through the same system calls without TFTP. */
  readonly ceiling?: Spread
  /** Why it was not run. */
  readonly skipped?: string
}

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

export interface Figures {
  readonly startedAt: string
  readonly durationMs: number
  readonly quick: boolean
  readonly repeats: number
  readonly machine: Machine
  readonly servers: readonly { readonly name: string; readonly version: string }[]
  readonly missing: readonly string[]
  readonly cases: readonly CaseFigures[]
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  readonly pinned: string
  /** How CPU time was counted. */
  readonly accounting: string
  /** Of the last minute, when the run began: above 0.5 something else was running. */
  readonly loadAverage: number
}

/** The driver that the targets speak of, and the one that works everywhere. */
export const OURS = 'foresend-batch'
export const OURS_PORTABLE = 'foresend-dgram'

/** A measurement is taken again when others took more of a core than this. */
export const MOST_DISTURBED = 0.1

/** Of a server that lost more of its transfers than this, the speed is shown but not compared. */
export const MOST_FAILED_SHARE = 0.01

export function isOurs(server: string): boolean {
  return server === OURS || server === OURS_PORTABLE
}

/** Each field's own median, so that one disturbed sample spoils none of them. */
export function medianSample(samples: readonly Sample[]): Sample | undefined {
  if (samples.length === 0) return undefined
  const fields = new Set(samples.flatMap((sample) => Object.keys(sample) as (keyof Sample)[]))
  const entries = [...fields].map((field) => [field, median(samples.flatMap((sample) => sample[field] ?? []))])
  return Object.fromEntries(entries) as Sample
}

/** The `count` samples that other programs disturbed least. */
export function quietest(samples: readonly Sample[], count: number): Sample[] {
  const kept = new Set(samples.toSorted((a, b) => (a.disturbed ?? 0) - (b.disturbed ?? 0)).slice(0, count))
  return samples.filter((sample) => kept.has(sample))
}

/** Of all samples that the figures are made of: the median of the shares that others took. */
export function disturbance({ cases }: Figures): number | undefined {
  return median(
    cases.flatMap(({ servers }) => servers.flatMap(({ samples }) => samples.flatMap((s) => s.disturbed ?? []))),
  )
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  const middle = median(values)
  return middle === undefined ? undefined : { median: middle, least: Math.min(...values), most: Math.max(...values) }
}

/** From the median down and up, as a share of it: 0.05 is 5 %. */
export function noiseOf({ samples }: ServerFigures): number | undefined {
  const spread = samples.length < 2 ? undefined : spreadOf(samples.map(({ value }) => value))
  if (spread === undefined || spread.median === 0) return undefined
  return Math.max(spread.most - spread.median, spread.median - spread.least) / spread.median
}

export function figuresOf(each: CaseFigures | undefined, server: string): ServerFigures | undefined {
  return each?.servers.find((figures) => figures.server === server)
}

/** All transfers of all samples. */
export function failedShare({ samples }: ServerFigures): number {
  const failed = samples.reduce((sum, sample) => sum + sample.failed, 0)
  const all = failed + samples.reduce((sum, sample) => sum + sample.completed, 0)
  return all === 0 ? 0 : failed / all
}

/** The figure that may be compared with others; undefined when there is none or too many transfers failed. */
export function comparable(figures: ServerFigures | undefined): Sample | undefined {
  return figures === undefined || failedShare(figures) > MOST_FAILED_SHARE ? undefined : figures.median
}

/** The clients used up their core and the server did not: it may be faster than this. */
export function isClientLimited({ median: middle }: ServerFigures): boolean {
  return (middle?.clientCore ?? 0) > 0.95 && (middle?.serverCore ?? 1) < 0.9
}

/** How often `ours` has what `other` has; above 1 is better for us. In some units less is better. */
export function advantage(unit: string, ours: number, other: number): number {
  return lessIsBetter(unit) ? other / ours : ours / other
}

export function lessIsBetter(unit: string): boolean {
  return unit === 'KB' || unit === 'failed'
}

/** The best of the peers that can be compared, and how we stand to it. */
export function bestPeer(each: CaseFigures): { readonly server: string; readonly value: number } | undefined {
  const peers = each.servers
    .filter(({ server }) => !isOurs(server))
    .flatMap((figures) => {
      // A server that fails is not compared in speed; where failing is what is counted, it is.
      const sample = each.unit === 'failed' ? figures.median : comparable(figures)
      return sample === undefined ? [] : [{ server: figures.server, value: sample.value }]
    })
  const sign = lessIsBetter(each.unit) ? 1 : -1
  return peers.toSorted((a, b) => sign * (a.value - b.value))[0]
}
