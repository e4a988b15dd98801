/**
 * What monitoring reads, in the form of Prometheus. Counters that the server keeps anyway are read when they are asked for. What only events tell
 * (durations, rates, causes) is counted from the first question on, as a server of which nothing asks makes no events for it. No label has a text
 * of a peer: no file, no address.
 */
import { readdirSync } from 'node:fs'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { FINAL_EVENTS, type TransferEvent } from '../../endpoint/contract.ts'
import { isTransferEvent, type ServerEvent, type ServerStats, type WorkerHealth } from '../../server/contract.ts'
import type { ApiSource } from '../source.ts'
import type { Feed } from './feed.ts'

const SECONDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000]
const STALL_SECONDS = [0.1, 0.3, 1, 3, 10, 30, 100]
const BYTES_PER_SECOND = [1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8, 3e8, 1e9]
/** Stalls that are timed at once. */
const MAX_STALLS = 10_000

/** Blocks on the way at the end of a transfer, in classes. */
function windowClass(blocks: number): string {
  if (blocks <= 1) return '1'
  return blocks <= 4 ? '2-4' : blocks <= 16 ? '5-16' : blocks <= 64 ? '17-64' : '65+'
}

type Child<T> = (...labels: readonly string[]) => T

/** The child of `metric` for label values, made once: an object for each event would be garbage. */
function kept<T>(make: (...labels: readonly string[]) => T): Child<T> {
  const children = new Map<string, T>()
  return (...labels) => {
    const key = labels.join(' ')
    let child = children.get(key)
    if (child === undefined) children.set(key, (child = make(...labels)))
    return child
  }
}

export class Metrics {
  readonly #source: ApiSource
  readonly #registry = new Registry()
  readonly #stalledAt = new Map<number, number>()
  #isFed = false
  /** As they were at this question. */
  #workers: readonly WorkerHealth[] = []
  #loop = performance.eventLoopUtilization()

  readonly #endings = this.#counter(
    'foresend_transfer_endings_total',
    'Transfers that ended since metrics were first read',
    ['direction', 'outcome', 'window'],
  )
  readonly #causes = this.#counter(
    'foresend_transfer_causes_total',
    'Transfers that ended badly or with trouble since metrics were first read, by what the diagnosis found',
    ['outcome', 'cause'],
  )
  readonly #refusals = this.#counter(
    'foresend_transfer_failures_total',
    'Transfers that failed or were refused since metrics were first read, by the code of the error',
    ['outcome', 'code'],
  )
  readonly #blocks = this.#counter(
    'foresend_blocks_total',
    'Blocks of transfers that ended since metrics were first read',
    ['direction'],
  )
  readonly #repeats = this.#counter(
    'foresend_retransmitted_blocks_total',
    'Blocks sent again in transfers that ended since metrics were first read',
    ['direction'],
  )
  readonly #notices = this.#counter('foresend_notices_total', 'Notices since metrics were first read', ['code'])
  readonly #durations = this.#histogram(
    'foresend_transfer_duration_seconds',
    'Time from the request to the end',
    ['direction', 'outcome'],
    SECONDS,
  )
  readonly #rates = this.#histogram(
    'foresend_transfer_rate_bytes_per_second',
    'Payload over time of transfers that completed',
    ['direction'],
    BYTES_PER_SECOND,
  )
  readonly #stalls = this.#histogram(
    'foresend_stall_duration_seconds',
    'Time from when a stall was seen to its end',
    ['direction'],
    STALL_SECONDS,
  )

  constructor(source: ApiSource, feed: Feed, refused: ReadonlyMap<number, number>) {
    this.#source = source
    this.#readWhenAsked(source, feed, refused)
  }

  get type(): string {
    return this.#registry.contentType
  }

  async text(): Promise<string> {
    if (!this.#isFed) this.#source.server.subscribe((event) => this.#take(event), 'info')
    this.#isFed = true
    this.#workers = await this.#source.server.workers()
    return this.#registry.metrics()
  }

  #take(event: ServerEvent): void {
    if (event.event === 'notice') return this.#notices(event.code).inc()
    if (!isTransferEvent(event)) return
    if (event.event === 'stalled') {
      if (this.#stalledAt.size < MAX_STALLS) this.#stalledAt.set(event.id, event.time)
      return
    }
    const isFinal = FINAL_EVENTS.has(event.event)
    if (!isFinal && event.event !== 'recovered') return
    const stalledAt = this.#stalledAt.get(event.id)
    if (stalledAt !== undefined) {
      this.#stalledAt.delete(event.id)
      this.#stalls(event.direction).observe(Math.max(0, event.time - stalledAt) / 1000)
    }
    if (isFinal) this.#end(event)
  }

  #end(event: TransferEvent): void {
    const { event: outcome, direction, window, ms, bytes, blocks, retransmitted, cause, code } = event
    this.#endings(direction, outcome, windowClass(window)).inc()
    this.#durations(direction, outcome).observe(ms / 1000)
    if (cause !== undefined) this.#causes(outcome, cause).inc()
    if (code !== undefined) this.#refusals(outcome, code).inc()
    this.#blocks(direction).inc(blocks)
    this.#repeats(direction).inc(retransmitted)
    if (outcome === 'completed' && ms > 0) this.#rates(direction).observe((bytes * 1000) / ms)
  }

  #counter<N extends string>(name: string, help: string, labelNames: N[]): Child<{ inc(by?: number): void }> {
    const counter = new Counter({ name, help, labelNames, registers: [this.#registry] })
    return kept((...values) => counter.labels(...values))
  }

  #histogram<N extends string>(
    name: string,
    help: string,
    labelNames: N[],
    buckets: number[],
  ): Child<{ observe(value: number): void }> {
    const histogram = new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] })
    return kept((...values) => histogram.labels(...values))
  }

  /** Totals that the server keeps: they are read once for each question. */
  #readWhenAsked(source: ApiSource, feed: Feed, refused: ReadonlyMap<number, number>): void {
    const registers = [this.#registry]
    const { server, about } = source
    const total = (name: string, help: string, read: (stats: ServerStats) => number): void => {
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset()
          this.inc(read(server.stats()))
        },
      })
    }
    const byKey = (name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void => {
      new Counter({
        name,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset()
          for (const [key, value] of Object.entries(read())) this.inc({ [label]: key }, value)
        },
      })
    }
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    }
    new Counter({
      name: 'foresend_transfers_total',
      help: 'Transfers since the start, by direction and how they ended',
      labelNames: ['direction', 'outcome'],
      registers,
      collect() {
        this.reset()
        const { transfers, writes } = server.stats()
        for (const outcome of ['completed', 'probed', 'refused', 'superseded', 'failed'] as const) {
          this.inc({ direction: 'read', outcome }, transfers[outcome] - writes[outcome])
          this.inc({ direction: 'write', outcome }, writes[outcome])
        }
      },
    })
    total(
      'foresend_transfers_requested_total',
      'Transfers that began since the start',
      ({ transfers }) => transfers.requested,
    )
    byKey('foresend_payload_bytes_total', 'Payload of transfers that ended since the start', 'direction', () => {
      const { read, written } = server.stats().bytes
      return { read, write: written }
    })
    total('foresend_requests_total', 'Datagrams at the listening port', ({ network }) => network.requests)
    total(
      'foresend_requests_ignored_total',
      'Of those: no request at all; checks of health are among them',
      ({ network }) => network.ignored,
    )
    total('foresend_requests_repeated_total', 'Of those: a request said again', ({ network }) => network.repeated)
    total('foresend_requests_refused_total', 'Of those: turned away', ({ network }) => network.refused)
    total('foresend_datagrams_received_total', 'Datagrams that arrived', ({ network }) => network.arrivals)
    total(
      'foresend_datagrams_dropped_total',
      'Datagrams dropped as too many waited for one peer',
      ({ network }) => network.dropped,
    )
    total('foresend_receive_errors_total', 'Errors while receiving', ({ network }) => network.receiveErrors)
    byKey(
      'foresend_send_errors_total',
      'Datagrams that the system did not take',
      'errno',
      () => server.stats().network.sendErrors,
    )
    new Gauge({
      name: 'foresend_transfers_running',
      help: 'Transfers that run now',
      labelNames: ['state'],
      registers,
      collect() {
        const counts = { requested: 0, running: 0, stalled: 0 }
        for (const { state } of server.transfers()) counts[state]++
        for (const [state, count] of Object.entries(counts)) this.set({ state }, count)
      },
    })
    byKey('foresend_http_refused_total', 'Questions over HTTP that were answered with an error', 'status', () =>
      Object.fromEntries(refused),
    )
    gauge('foresend_http_event_readers', 'Readers of the live stream', () => feed.readers)
    gauge(
      'foresend_event_loop_utilization_ratio',
      'Share of the time that the main thread was busy, since the last question',
      () => {
        const before = this.#loop
        this.#loop = performance.eventLoopUtilization()
        return performance.eventLoopUtilization(this.#loop, before).utilization
      },
    )
    this.#ofWorkers()
    new Gauge({
      name: 'foresend_build_info',
      help: 'Version of this program, and of Node',
      labelNames: ['version', 'node'],
      registers,
    }).set({ version: about.version, node: process.versions.node }, 1)
    byKey('foresend_cpu_seconds_total', 'Processor time of the process', 'mode', () => {
      const { user, system } = process.cpuUsage()
      return { user: user / 1e6, system: system / 1e6 }
    })
    gauge('foresend_start_time_seconds', 'When the server was started', () => server.stats().since / 1000)
    gauge('foresend_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss())
    gauge('foresend_heap_used_bytes', 'Heap of the main thread that is in use', () => process.memoryUsage().heapUsed)
    if (process.platform === 'linux')
      gauge('foresend_open_fds', 'Open descriptors of the process', () => readdirSync('/proc/self/fd').length)
  }

  /** The threads that serve. A thread that is down has no processor time: a counter that fell to 0 would come back as a leap. */
  #ofWorkers(): void {
    const registers = [this.#registry]
    const workers = (): readonly WorkerHealth[] => this.#workers
    new Gauge({
      name: 'foresend_worker_up',
      help: 'Whether a thread that serves answers within a second',
      labelNames: ['worker'],
      registers,
      collect() {
        for (const [index, { cpu }] of workers().entries())
          this.set({ worker: String(index + 1) }, cpu === undefined ? 0 : 1)
      },
    })
    new Counter({
      name: 'foresend_worker_cpu_seconds_total',
      help: 'Processor time of a thread that serves; waiting for the next packet of a transfer in lock-step is part of it',
      labelNames: ['worker', 'mode'],
      registers,
      collect() {
        this.reset()
        for (const [index, { cpu }] of workers().entries()) {
          if (cpu === undefined) continue
          for (const mode of ['user', 'system'] as const) this.inc({ worker: String(index + 1), mode }, cpu[mode] / 1e6)
        }
      },
    })
    new Counter({
      name: 'foresend_worker_restarts_total',
      help: 'How often a thread that serves was started again after a crash',
      labelNames: ['worker'],
      registers,
      collect() {
        this.reset()
        for (const [index, { restarts }] of workers().entries()) this.inc({ worker: String(index + 1) }, restarts)
      },
    })
  }
}
