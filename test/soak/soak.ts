/**
 * A soak run: one server, many rounds of load that its seed draws, and a look at the server after each of them, when no
 * transfer runs. Nothing is taken from the server's own word that can be seen from outside.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { LoadResult } from '../../src/load/options.ts'
import { type Gauges, gaugesText, growth, megabytes, readGauges, ROUNDS_TO_JUDGE_MEMORY } from './gauges.ts'
import { Loading, makeContent, type Place } from './loading.ts'
import { drawRound, type Round } from './rounds.ts'
import { Served } from './served.ts'
import { uploadNames, Uploads } from './uploads.ts'

export interface SoakOptions {
  /** Requests that the server hears, at least. */
  readonly transfers: number
  readonly seed: number
  /** Of `seed`, the first one to play; 0 where it is not given. */
  readonly firstRound?: number
  say(line: string): void
}

export interface SoakResult {
  readonly transfers: number
  readonly ends: Readonly<Record<string, number>>
  readonly gauges: readonly Gauges[]
  readonly totals: Readonly<Totals>
  /** Empty when all is well. */
  readonly faults: readonly string[]
}

interface Totals {
  /** Gets that completed, each compared byte by byte by its client. */
  gets: number
  /** Uploads that completed, each file compared with what was sent. */
  puts: number
  bytes: number
  vanished: number
  killedLoads: number
  reloads: number
}

/** A round is at most this part of the run, so that a short run has rounds enough to compare … */
const LEAST_ROUNDS = 4
/** … and at most so many transfers for each process. */
const MOST_TRANSFERS = 40_000
/** What has ended may hold a socket for the repeats of its final packet, and a file until it is gone: this long at most. */
const SETTLE_MS = 20_000
const SETTLE_LOOK_MS = 100
const MOST_FAULTS = 50

export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const memory = '/dev/shm'
  const home = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), `foresend-soak-${process.pid}-`))
  const clean = (): void => rmSync(home, { recursive: true, force: true })
  process.once('exit', clean)
  try {
    return await new Soak(options, home).run()
  } finally {
    clean()
    process.off('exit', clean)
  }
}

class Soak {
  readonly #options: SoakOptions
  readonly #place: Place
  readonly #uploads: Uploads
  readonly #images = new Map<string, Buffer>()
  readonly #gauges: Gauges[] = []
  readonly #faults: string[] = []
  readonly #totals: Totals = { gets: 0, puts: 0, bytes: 0, vanished: 0, killedLoads: 0, reloads: 0 }
  readonly #began = performance.now()
  /** In this round. */
  #reloadAsked = false

  constructor(options: SoakOptions, home: string) {
    this.#options = options
    this.#place = { folder: join(home, 'served'), aside: join(home, 'aside') }
    mkdirSync(this.#place.folder)
    mkdirSync(this.#place.aside)
    this.#uploads = new Uploads(this.#place.folder)
  }

  async run(): Promise<SoakResult> {
    const served = await Served.start(this.#place.folder)
    const end = (): void => served.kill()
    process.once('exit', end)
    try {
      await this.#rounds(served)
      if ((await served.stop()) !== 0) this.#faults.push('the server did not stop as it was asked to')
    } catch (error) {
      this.#faults.push(String(error))
    } finally {
      if (served.isRunning) served.kill()
      await served.stop()
      process.off('exit', end)
    }
    const { requested, ends, faults } = served.ledger
    this.#faults.push(...faults.slice(0, MOST_FAULTS), ...served.complaints.slice(0, MOST_FAULTS))
    this.#faults.push(...growth(this.#gauges))
    const result = { transfers: requested, ends, gauges: this.#gauges, totals: this.#totals, faults: this.#faults }
    this.#tell(result, served.ledger.codes)
    return result
  }

  async #rounds(served: Served): Promise<void> {
    const { transfers, seed, firstRound = 0 } = this.#options
    const most = Math.min(MOST_TRANSFERS, Math.ceil(transfers / LEAST_ROUNDS))
    for (let index = firstRound; served.ledger.requested < transfers && this.#faults.length < MOST_FAULTS; index++) {
      await this.#round(served, drawRound(seed, index, most))
      this.#gauges.push(await this.#settled(served))
      this.#progress(index, served)
    }
  }

  async #round(served: Served, round: Round): Promise<void> {
    const { ledger } = served
    ledger.newRound()
    this.#reloadAsked = false
    const loadings = round.loads.map((load, i) => {
      const group = `${load.direction}-${i}`
      const content = makeContent(load, group, this.#images.get(group), this.#place)
      if (load.direction === 'get') this.#images.set(group, content)
      else this.#uploads.prepare(group, load.replaces)
      return new Loading(load, group, content, served.port, this.#place)
    })
    const end = (): void => loadings.forEach((loading) => loading.kill())
    process.once('exit', end)
    const unwatch = served.watch(() => this.#disturb(served, round, loadings))
    try {
      const results = await Promise.all(loadings.map((loading) => loading.result()))
      unwatch()
      await served.quiet(this.#totals.reloads)
      loadings.forEach((loading, i) => this.#check(served, loading, results[i]))
    } finally {
      unwatch()
      end()
      process.off('exit', end)
    }
  }

  /** Kills and reloads, when as much has happened as was drawn. */
  #disturb(served: Served, round: Round, loadings: readonly Loading[]): void {
    const { ledger } = served
    let started = 0
    for (const loading of loadings) {
      const own = ledger.startedOf(loading.group)
      started += own
      if (loading.load.killAfter > 0 && own >= loading.load.killAfter) loading.kill()
    }
    if (round.reloadAfter === 0 || started < round.reloadAfter || this.#reloadAsked) return
    this.#reloadAsked = true
    this.#totals.reloads++
    served.reload()
  }

  #check(served: Served, { load, group, content, wasKilled }: Loading, result: LoadResult | undefined): void {
    const { ledger } = served
    const totals = this.#totals
    if (wasKilled) totals.killedLoads++
    totals.vanished += result?.vanished ?? 0
    if (result !== undefined && result.failed > 0)
      this.#fault(
        load,
        `${result.failed} failed: ${result.faults.join('; ')}; for the server ${ledger.reasonsOf(group)}`,
      )
    let completed = ledger.completedOf(group)
    if (load.direction === 'put') {
      const { compared, faults } = this.#uploads.check(uploadNames(group, load.transfers), content, ledger)
      for (const fault of faults) this.#fault(load, fault)
      completed = compared
      totals.puts += compared
      totals.bytes += compared * content.length
    } else if (result !== undefined) {
      totals.gets += result.completed
      totals.bytes += result.bytes
      if (result.bytes !== result.completed * content.length) this.#fault(load, `${result.bytes} bytes came`)
    }
    // A server that lost the final ACK of a get cannot know; the final ACK of a put is its own word.
    const isTold = load.direction === 'put' || load.lossPercent === 0
    if (isTold && result !== undefined && result.completed > completed) {
      this.#fault(load, `${result.completed} completed for the clients, and ${completed} for the server`)
    }
  }

  #fault(load: object, text: string): void {
    const line = `${text} in ${JSON.stringify(load)}`
    this.#faults.push(line)
    this.#options.say(`  WRONG: ${line}`)
  }

  /** What an ended transfer still holds goes within seconds; what stays is what is measured. */
  async #settled(served: Served): Promise<Gauges> {
    await served.collect()
    const until = performance.now() + SETTLE_MS
    for (;;) {
      const gauges = readGauges(served.pid, this.#place.folder)
      const first = this.#gauges[0] ?? gauges
      const isSettled = gauges.parts === 0 && gauges.fileMappings === 0 && gauges.descriptors <= first.descriptors
      if (isSettled || performance.now() > until) return gauges
      await new Promise((resolve) => setTimeout(resolve, SETTLE_LOOK_MS))
    }
  }

  #progress(index: number, { ledger }: Served): void {
    const { transfers } = this.#options
    const { descriptors, mappings, fileMappings, residentBytes, parts } = this.#gauges.at(-1) as Gauges
    const elapsedMs = performance.now() - this.#began
    const leftMs = Math.max(0, (elapsedMs / Math.max(1, ledger.requested)) * (transfers - ledger.requested))
    this.#options.say(
      `round ${index + 1}: ${ledger.requested} of ${transfers} transfers, ${descriptors} descriptors, ` +
        `${mappings} mappings (${fileMappings} of files), ${megabytes(residentBytes)}, ${parts} unfinished, ` +
        `${ledger.running} running, ${this.#faults.length + ledger.faults.length} wrong; ${minutes(leftMs)} left`,
    )
  }

  #tell({ transfers, ends, gauges, totals, faults }: SoakResult, codes: Record<string, number>): void {
    const { say } = this.#options
    const list = (counts: Readonly<Record<string, number>>): string =>
      Object.entries(counts)
        .map(([what, count]) => `${count} ${what}`)
        .join(', ')
    say(`${transfers} transfers in ${minutes(performance.now() - this.#began)}, ${gauges.length} rounds: ${list(ends)}`)
    say(`  reasons: ${list(codes)}`)
    say(
      `  ${totals.gets} gets and ${totals.puts} puts compared byte by byte, ${megabytes(totals.bytes)}; ` +
        `${totals.vanished} clients vanished, ${totals.killedLoads} loads killed, ${totals.reloads} reloads`,
    )
    if (gauges.length > 0) say(gaugesText(gauges))
    if (gauges.length < ROUNDS_TO_JUDGE_MEMORY)
      say(`  too few rounds to judge memory by: fewer than ${ROUNDS_TO_JUDGE_MEMORY}`)
    for (const fault of faults) say(`  WRONG: ${fault}`)
    say(faults.length === 0 ? 'nothing grew, stuck or broke' : `${faults.length} faults`)
  }
}

function minutes(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`
}
