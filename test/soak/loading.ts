/** One process of the load generator, and the bytes that it expects or sends. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { LoadResult } from '../../src/load/options.ts'
import { Rng } from '../../src/lab/rng.ts'
import type { Load } from './rounds.ts'
import { LAUNCHER } from './served.ts'

/** What is not done by then has failed: a round takes seconds. */
const LIMIT_SECONDS = 120

export interface Place {
  /** The served folder. */
  readonly folder: string
  /** A folder that is not served. */
  readonly aside: string
}

export class Loading {
  readonly load: Load
  /** Its file, or the first part of its files' names. */
  readonly group: string
  readonly content: Buffer
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<unknown>
  #printed = ''
  wasKilled = false

  constructor(load: Load, group: string, content: Buffer, port: number, place: Place) {
    this.load = load
    this.group = group
    this.content = content
    const expected = join(place.aside, group)
    writeFileSync(expected, content)
    const flags = {
      port,
      file: group,
      direction: load.direction,
      clients: load.clients,
      transfers: load.transfers,
      blksize: load.blksize,
      windowsize: load.windowsize,
      timeout: load.timeoutMs,
      loss: load.lossPercent,
      vanish: load.vanishPercent,
      seed: load.seed,
      expect: expected,
      limit: LIMIT_SECONDS,
    }
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])
    this.#child = spawn(process.execPath, [LAUNCHER, 'bench', 'load', '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => void (this.#printed += piece))
    }
    this.#ended = once(this.#child, 'close')
  }

  /** In the middle of whatever it does. */
  kill(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.wasKilled = this.#child.kill('SIGKILL')
  }

  /** What it found once it has ended; undefined for one that was killed. Rejects when it did not run. */
  async result(): Promise<LoadResult | undefined> {
    await this.#ended
    if (this.#child.signalCode !== null && this.wasKilled) return undefined
    try {
      return JSON.parse(this.#printed) as LoadResult
    } catch (cause) {
      throw new Error(`a load did not run: ${this.#printed.trim()}`, { cause })
    }
  }
}

/** The bytes of a load. For a get they stand in the served folder afterwards; `before` is what stood there. */
export function makeContent(load: Load, group: string, before: Buffer | undefined, place: Place): Buffer {
  if (load.direction === 'get' && load.file === 'kept' && before?.length === load.sizeBytes) return before
  const content = Buffer.alloc(load.sizeBytes)
  new Rng(load.seed, 'content').fill(content)
  if (load.direction === 'put') return content
  const target = join(place.folder, group)
  if (load.file === 'rewritten') writeFileSync(target, content)
  else {
    const beside = join(place.folder, `${group}.new`)
    writeFileSync(beside, content)
    renameSync(beside, target)
  }
  return content
}
