/**
 * What the default policy must show on faulty devices, row by row, measured in virtual time. `npm run figures` prints the
 * rows at full size; figures.test.ts holds them at a smaller one.
 */
import { median } from '../../src/lab/median.ts'
import { type Boot, type BootSpec, boot, CABLE, FAST_ETHERNET, FIRMWARE_BYTES, range } from './figures-boot.ts'

/** One line of the table. */
export interface Figure {
  readonly row: string
  readonly what: string
  readonly target: string
  readonly measured: string
  /** Undefined for what is only told. */
  readonly met: boolean | undefined
  /** What missed and why, and what else a reader wants to know. */
  readonly notes: readonly string[]
  readonly values: Readonly<Record<string, number>>
}

/** How much is run. */
export interface Scale {
  readonly sizeBytes: number
  readonly seeds: number
  /** By name. */
  readonly links: readonly LinkName[]
  readonly search: Search
}

/** How the best fixed policy is looked for: a first round at a small size, the best of it again at full size. */
export interface Search {
  readonly windows: readonly number[]
  readonly copies: readonly number[]
  readonly gapsMs: readonly number[]
  readonly sizeBytes: number
  readonly seeds: number
  readonly finalists: number
}

export const LINKS = { '100 Mbit/s': FAST_ETHERNET, 'no rate': CABLE } as const
export type LinkName = keyof typeof LINKS

export const FULL: Scale = {
  sizeBytes: FIRMWARE_BYTES,
  seeds: 20,
  links: ['100 Mbit/s', 'no rate'],
  search: {
    windows: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32],
    copies: [1, 2],
    gapsMs: [0, 0.1, 0.3, 1],
    sizeBytes: 2 * 1024 * 1024,
    seeds: 2,
    finalists: 6,
  },
}

/** Called now and then with what is being measured. */
export type Progress = (what: string) => void

/** Several boots of the same, seeds 1, 2, 3 … */
export function boots(spec: Omit<BootSpec, 'seed'>, seeds: number): Boot[] {
  return range(seeds).map((seed) => boot({ ...spec, seed }))
}

/** The median time; Infinity when a boot ended without the image, which no speed makes good. */
export function timeOf(runs: readonly Boot[]): number {
  return runs.every((run) => run.intact) ? median(runs.map((run) => run.ms))! : Infinity
}

export function ms(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(value < 100 ? 1 : 0)} ms` : 'fails'
}
