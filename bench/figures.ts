/** What a run leaves behind: plain data, written as JSON and shown as tables. */

export interface Sample {
  /** In the case's unit. */
  readonly value: number
  readonly ms: number
  /** CPU time of the server's processes for 10^9 bytes of content; absent where it was not measured. */
  readonly cpuSecondsPerGb?: number
  /** Share of its core that was busy, with whatever, 0..1. */
  readonly serverCore?: number
  readonly clientCore?: number
  /** Packets that the load process sent again. */
  readonly repeats?: number
  /** `hold`: what the kernel's own memory grew by, KB for each transfer. */
  readonly kernelKb?: number
}

export interface ServerFigures {
  readonly server: string
  readonly samples: readonly Sample[]
  /** Absent when there are no samples. */
  readonly median?: Sample
  /** Why there are none, or what went wrong with some. */
  readonly note?: string
  /** The clients' core was full and the server's was not: the server may be faster than this. */
  readonly clientLimited: boolean
}

export interface CaseFigures {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly client: string
  readonly clients: number
  readonly transfers: number
  readonly sizeBytes: number
  readonly servers: readonly ServerFigures[]
  /** Why it was not run. */
  readonly skipped?: string
}

export interface Figures {
  readonly startedAt: string
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
  readonly kernel: string
  readonly node: string
  readonly pinned: string
  /** Of the last minute, when the run began: above 0.5 something else was running. */
  readonly loadAverage: number
}

/** Each field's own median, so that one disturbed sample spoils none of them. */
export function medianSample(samples: readonly Sample[]): Sample | undefined {
  if (samples.length === 0) return undefined
  const of = (field: keyof Sample): number | undefined => median(samples.flatMap((sample) => sample[field] ?? []))
  const fields = ['value', 'ms', 'cpuSecondsPerGb', 'serverCore', 'clientCore', 'repeats', 'kernelKb'] as const
  const entries = fields.map((field) => [field, of(field)] as const).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as unknown as Sample
}

export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >>> 1
  return sorted.length % 2 === 1 ? sorted[middle] : sorted.length === 0 ? undefined : mean(sorted, middle)
}

function mean(sorted: readonly number[], upper: number): number {
  return ((sorted[upper - 1] as number) + (sorted[upper] as number)) / 2
}
