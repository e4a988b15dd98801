/**
 * Fuzzes parsers, endpoint and our own transfers, guided by what inputs reach: one that runs a block of the code that none ran before, or runs
 * it more often by an order, is kept, and later inputs are made of it. instrument.ts must have been loaded before the code under test.
 */
import { performance } from 'node:perf_hooks'
import { Rng } from '../../../src/lab/rng.ts'
import { Bytes } from './bytes.ts'
import { playClient } from './client-side.ts'
import { hits, places } from './instrument.ts'
import { mutated } from './mutate.ts'
import { playParsers } from './parsers.ts'
import { playServer } from './server-side.ts'

export interface CoverageReport {
  readonly inputs: number
  /** Inputs that were kept. */
  readonly corpus: number
  /** Blocks that ran and all of them, by folder below `src/`. */
  readonly folders: ReadonlyMap<string, { readonly reached: number; readonly all: number }>
  /** Blocks reached after a tenth of the inputs, two tenths and so on. */
  readonly growth: readonly number[]
  /** Blocks that no input reached. */
  readonly unreached: readonly string[]
  /** The longest step of an input (longest.ts), in milliseconds, the best of several tries. */
  readonly slowestMs: number
  readonly ms: number
}

export interface CoverageOptions {
  readonly inputs: number
  readonly seed: number
  readonly onProgress?: (inputs: number, reached: number, corpus: number) => void
}

const PLAYS = [playServer, playServer, playClient, playParsers]
/** No packet may hold a server up for longer. */
const MOST_MS = 10
/** Other programs of the machine, the compiler and collections of garbage make a try slow; a step is as slow as in its best try. */
const TRIES = 20
const PROGRESS_EVERY = 50_000
/** Kept inputs among which half of the choices fall: what they reach is new. */
const RECENT = 64

export function fuzzWithCoverage(options: CoverageOptions): CoverageReport {
  return new Fuzz(options).run()
}

class Fuzz {
  readonly #options: CoverageOptions
  readonly #rng: Rng
  readonly #corpus: Uint8Array[] = []
  /** Orders of magnitude in which each block ran, a bit each. */
  readonly #seen = new Uint8Array(hits.length)
  #reached = 0
  #slowestMs = 0

  constructor(options: CoverageOptions) {
    this.#options = options
    this.#rng = new Rng(options.seed, 'coverage-fuzz')
  }

  run(): CoverageReport {
    const { inputs, onProgress } = this.#options
    const startedAt = performance.now()
    // Most inputs end in errors, and a stack costs more than the rest of one. An input that does harm is named, and played again it has one.
    Error.stackTraceLimit = 0
    const growth: number[] = []
    for (let i = 0; i < inputs; i++) {
      this.#try(i < 4 * PLAYS.length ? this.#seed(i) : this.#next(), i)
      if ((i + 1) % PROGRESS_EVERY === 0) onProgress?.(i + 1, this.#reached, this.#corpus.length)
      if ((i + 1) % Math.ceil(inputs / 10) === 0) growth.push(this.#reached)
    }
    return {
      inputs,
      corpus: this.#corpus.length,
      folders: this.#folders(),
      growth,
      unreached: places.filter((_, i) => this.#seen[i] === 0).map(({ file, line }) => `${file}:${line}`),
      slowestMs: this.#slowestMs,
      ms: performance.now() - startedAt,
    }
  }

  /** Something for each play to begin with. */
  #seed(i: number): Uint8Array {
    const bytes = this.#rng.fill(new Uint8Array(32 + this.#rng.int(96)))
    bytes[0] = i % PLAYS.length
    return bytes
  }

  #next(): Uint8Array {
    return mutated(this.#rng, this.#pick(), this.#pick())
  }

  #pick(): Uint8Array {
    const { length } = this.#corpus
    const recent = this.#rng.chance(0.5) ? Math.min(length, RECENT) : length
    return this.#corpus[length - 1 - this.#rng.int(recent)]
  }

  #try(input: Uint8Array, number: number): void {
    hits.fill(0)
    const ms = this.#play(input, number)
    if (this.#isNew()) this.#corpus.push(input)
    if (ms > this.#slowestMs) this.#measure(input, number)
  }

  #play(input: Uint8Array, number: number): number {
    const bytes = new Bytes(input)
    try {
      return PLAYS[bytes.below(PLAYS.length)](bytes)
    } catch (cause) {
      const where = `seed ${this.#options.seed}, input ${number}, ${Buffer.from(input).toString('hex')}`
      throw new Error(`${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
  }

  #measure(input: Uint8Array, number: number): void {
    let best = Infinity
    for (let i = 0; i < TRIES && best > this.#slowestMs; i++) best = Math.min(best, this.#play(input, number))
    if (best > MOST_MS)
      throw new Error(`a step of input ${number} took ${best} ms: ${Buffer.from(input).toString('hex')}`)
    this.#slowestMs = Math.max(this.#slowestMs, best)
  }

  #isNew(): boolean {
    let isNew = false
    for (let i = 0; i < places.length; i++) {
      if (hits[i] === 0) continue
      const bit = 1 << orderOf(hits[i])
      if ((this.#seen[i] & bit) !== 0) continue
      if (this.#seen[i] === 0) this.#reached++
      this.#seen[i] |= bit
      isNew = true
    }
    return isNew
  }

  #folders(): Map<string, { reached: number; all: number }> {
    const folders = new Map<string, { reached: number; all: number }>()
    places.forEach(({ file }, i) => {
      const name = file.slice(0, file.lastIndexOf('/'))
      const folder = folders.get(name) ?? { reached: 0, all: 0 }
      folder.all++
      if (this.#seen[i] !== 0) folder.reached++
      folders.set(name, folder)
    })
    return folders
  }
}

/** 1, 2, 3, 4 to 7, to 15, to 31, to 127, more. */
function orderOf(count: number): number {
  if (count < 4) return count - 1
  if (count < 8) return 3
  if (count < 16) return 4
  if (count < 32) return 5
  return count < 128 ? 6 : 7
}
