/** What a quiet server process holds, and whether that grew. */
import { readdirSync, readFileSync } from 'node:fs'
import { isPartName } from '../../src/content/part-names.ts'

export interface Gauges {
  readonly descriptors: number
  readonly mappings: number
  /** Of them, those of files below the served folder. */
  readonly fileMappings: number
  readonly residentBytes: number
  /** Unfinished uploads in the served folder. */
  readonly parts: number
}

export function readGauges(pid: number, folder: string): Gauges {
  const maps = readFileSync(`/proc/${pid}/maps`, 'latin1').trimEnd().split('\n')
  const [, residentKilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    mappings: maps.length,
    fileMappings: maps.filter((line) => line.includes(`${folder}/`)).length,
    residentBytes: Number(residentKilobytes) * 1024,
    parts: readdirSync(folder).filter(isPartName).length,
  }
}

/** Rounds in which everything is opened that stays open; of a short run, its first quarter. */
const FIRST_ROUNDS = 5
/** A thread of Node's pool, a listening address that came. */
const MORE_DESCRIPTORS = 8
/** Node's heap takes memory in pieces and gives it back in others; a leak of one in a thousand transfers is more. */
const MORE_MAPPINGS = 200
/** Noise of a heap whose garbage was collected: a leak of 32 bytes a transfer is more within 250,000. */
const MORE_RESIDENT_BYTES = 8 * 1024 * 1024
/** Below this the heap is still finding its size. */
export const ROUNDS_TO_JUDGE_MEMORY = 24

/** What grew, in words; nothing when all is well. One entry of `rounds` for each round, the server quiet again. */
export function growth(rounds: readonly Gauges[]): string[] {
  const found: string[] = []
  const first = rounds.slice(0, Math.min(FIRST_ROUNDS, Math.ceil(rounds.length / 4)))
  const last = quarter(rounds, 3)
  if (first.length === 0 || last.length === 0) return found
  const compare = (what: string, of: (gauges: Gauges) => number, more: number): void => {
    const before = Math.max(...first.map(of))
    const after = median(last.map(of))
    if (after > before + more) found.push(`${what} grew from ${before} to ${after}, more than ${more}`)
  }
  compare('open descriptors', (gauges) => gauges.descriptors, MORE_DESCRIPTORS)
  compare('mappings', (gauges) => gauges.mappings, MORE_MAPPINGS)
  // When no transfer runs there is nothing to keep of these, however short the run was.
  const most = (of: (gauges: Gauges) => number): number => Math.max(...rounds.map(of))
  const [mapped, parts] = [most((gauges) => gauges.fileMappings), most((gauges) => gauges.parts)]
  if (mapped > 0) found.push(`up to ${mapped} served files stayed mapped without a transfer`)
  if (parts > 0) found.push(`up to ${parts} unfinished uploads stayed without a transfer`)
  if (rounds.length < ROUNDS_TO_JUDGE_MEMORY) return found
  const [third, fourth] = [2, 3].map((i) => median(quarter(rounds, i).map((gauges) => gauges.residentBytes)))
  if (fourth > third + MORE_RESIDENT_BYTES) {
    found.push(`resident memory still grew in the second half: ${megabytes(third)}, then ${megabytes(fourth)}`)
  }
  return found
}

/** One line for each: at first, and the median of each quarter. */
export function gaugesText(rounds: readonly Gauges[]): string {
  const row = (what: string, of: (gauges: Gauges) => number, text: (value: number) => string): string => {
    const quarters = [0, 1, 2, 3].map((i) => quarter(rounds, i)).filter((part) => part.length > 0)
    const medians = quarters.map((part) => text(median(part.map(of)))).join(', ')
    const most = text(Math.max(...rounds.map(of)))
    return `  ${what.padEnd(26)} ${text(of(rounds[0]))} at first, medians of quarters ${medians}; at most ${most}`
  }
  return [
    row('open descriptors', (gauges) => gauges.descriptors, String),
    row('mappings', (gauges) => gauges.mappings, String),
    row('mappings of served files', (gauges) => gauges.fileMappings, String),
    row('unfinished uploads', (gauges) => gauges.parts, String),
    row('resident memory', (gauges) => gauges.residentBytes, megabytes),
  ].join('\n')
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

function quarter<T>(all: readonly T[], index: number): readonly T[] {
  return all.slice(Math.floor((all.length * index) / 4), Math.floor((all.length * (index + 1)) / 4))
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
