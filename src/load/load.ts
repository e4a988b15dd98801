/**
 * Many clients at once against one server, in one thread: to measure a server, the measuring must cost less than the
 * serving. The clients are healthy ones after the letter of the RFCs and share no code with our own client's machines, so
 * that a mistake in those does not hide itself.
 */
import { cpus } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { performance } from 'node:perf_hooks'
import { ForesendError } from '../error.ts'
import { BATCH, MAX_HOSTS } from './hosts.ts'
import { HostPorts } from './host-ports.ts'
import type { Native } from '../io/native/linux.ts'
import { probeBatch } from '../io/native/probe.ts'
import { PORTS } from './clients.ts'
import { checkLoad, type LoadOptions, type LoadResult } from './options.ts'
import { LoadRun } from './load-run.ts'

/** The longest time without a turn of Node (signals, standard input), in milliseconds. */
const TURN_MS = 20
/** How often the timers of all clients are looked at in one timeout. */
const LOOKS_PER_TIMEOUT = 50
/** Batches taken from a port before the timers are looked at: what has arrived comes first, within reason. */
const MAX_BATCHES = 64
/** A server repeats its last block after a second or so. */
const DALLY_TIMEOUTS = 2
const MAX_DALLY_MS = 3000

/** Runs a load. Rejects with ERR_TFTP_USAGE or, where the sockets cannot be had, ERR_TFTP_BIND. `native` for tests. */
export async function runLoad(options: LoadOptions, native: Native | string = probeBatch()): Promise<LoadResult> {
  checkLoad(options)
  const ports = openPorts(options, native)
  try {
    return await new Load(options, ports).run()
  } finally {
    ports.close()
  }
}

/** The clients' ports. Throws ERR_TFTP_BIND. */
export function openPorts({ host, port }: LoadOptions, native: Native | string): HostPorts {
  const failing = 'a load needs the fast sockets of Linux'
  if (typeof native === 'string') throw new ForesendError('ERR_TFTP_BIND', `${failing}: ${native}`, { fault: 'local' })
  try {
    return new HostPorts(native, host, port, PORTS, cpus().length)
  } catch (cause) {
    const message = `${failing}, and none can be opened: ${(cause as Error).message}; check the limits of this process`
    throw new ForesendError('ERR_TFTP_BIND', message, { fault: 'local', cause })
  }
}

class Load {
  readonly #options: LoadOptions
  readonly #ports: HostPorts
  readonly #run: LoadRun
  readonly #lookMs: number
  #nextLookAt = 0

  constructor(options: LoadOptions, ports: HostPorts) {
    this.#options = options
    this.#ports = ports
    this.#run = new LoadRun(options, ports.native, ports.ports, MAX_HOSTS)
    this.#lookMs = Math.max(1, options.timeoutMs / LOOKS_PER_TIMEOUT)
  }

  async run(): Promise<LoadResult> {
    const { limitMs, signal, timeoutMs } = this.#options
    const run = this.#run
    const cpuBefore = process.cpuUsage()
    const began = performance.now()
    run.start(began)
    this.#ports.flush()
    while (!run.isDone) {
      this.#turn(() => run.isDone)
      const now = performance.now()
      if (now - began >= limitMs) run.giveUp(now, `not done within ${limitMs / 1000} s`)
      else if (signal?.aborted === true) run.giveUp(now, 'stopped')
      this.#ports.flush()
      await setImmediate()
    }
    const result = run.result(process.cpuUsage(cpuBefore))
    const dallyUntil = performance.now() + Math.min(MAX_DALLY_MS, DALLY_TIMEOUTS * timeoutMs)
    while (run.mayDally && performance.now() < dallyUntil && signal?.aborted !== true) {
      this.#turn(() => false)
      await setImmediate()
    }
    return result
  }

  /** Works until Node should have its turn. */
  #turn(isDone: () => boolean): void {
    const run = this.#run
    const until = performance.now() + TURN_MS
    while (!isDone()) {
      const waitMs = Math.min(this.#nextLookAt, until) - run.now
      if (this.#ports.receive(run.received, run.endOfBatch, false) === 0 && waitMs > 0)
        this.#ports.await(run.received, run.endOfBatch, waitMs)
      run.now = performance.now()
      if (run.now >= this.#nextLookAt) this.#look()
      if (run.now >= until) return
    }
  }

  #look(): void {
    const run = this.#run
    for (let i = 0; i < MAX_BATCHES; i++) {
      if (this.#ports.receive(run.received, run.endOfBatch, true) < BATCH) break
    }
    const now = performance.now()
    run.timer(now)
    this.#ports.flush()
    run.now = now
    this.#nextLookAt = now + this.#lookMs
  }
}
