/**
 * A server in threads of its own. Each has its sockets, its files and all packets of its transfers; the kernel spreads
 * clients over their listening sockets. This thread only hears what happened, and starts a thread again that broke.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { performance } from 'node:perf_hooks'
import type { TransferEvent } from '../endpoint/contract.ts'
import { ForesendError } from '../error.ts'
import type { ServerEvent } from './events.ts'
import type { Server, ServerOptions } from './server.ts'
import { type FromWorker, fromPlain, type ToWorker, type WorkerStart } from './worker-protocol.ts'

/** More serve no further: the kernel's own work for each packet runs on the other cores. */
const MAX_AUTO_WORKERS = 8
/** A thread that breaks at once each time must not take a core for it. */
const FIRST_RESTART_MS = 50
const MAX_RESTART_MS = 10_000
/** After so long without breaking it is taken to be well again. */
const WELL_MS = 60_000
/** A thread that does not answer to `stop` is ended after this much more than it was given. */
const STOP_SLACK_MS = 2000
/** The file beside this one, compiled or not. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

/** Half the cores, the other half for the kernel. One where a limit or a recording is for all transfers together. */
export function workerCount(options: ServerOptions, cores: number = availableParallelism()): number {
  const { workers = 'auto' } = options
  if (options.record !== undefined) return 1
  if (workers !== 'auto') return workers
  if ((options.maxTransfers ?? options.maxTransfersPerAddress) !== undefined) return 1
  return Math.max(1, Math.min(MAX_AUTO_WORKERS, Math.floor(cores / 2)))
}

/** Resolves when all of them listen, rejects as `startServer` does. */
export async function startWorkers(options: ServerOptions, count: number): Promise<Server> {
  const server = new Workers(options, count)
  try {
    await server.start()
    return server
  } catch (error) {
    await server.stop(0)
    throw error
  }
}

class Workers implements Server {
  bound: Server['bound'] = []
  readonly #options: ServerOptions
  readonly #threads: Thread[]
  /** Threads that nobody has asked for anything. */
  readonly #silent = new Set<Thread>()
  #stopped: Promise<void> | undefined

  constructor(options: ServerOptions, count: number) {
    this.#options = options
    this.#threads = Array.from({ length: count }, (_, index) => new Thread(this, index, count))
  }

  async start(): Promise<void> {
    // The first one finds the port; the others share it.
    for (const thread of this.#threads) this.bound = await thread.start()
  }

  /** What thread `index` is to do. */
  startOf(index: number, firstId: number, again: boolean): WorkerStart {
    const { onEvent: _, port, maxTransfers, maxTransfersPerAddress, ...rest } = this.#options
    const count = this.#threads.length
    return {
      options: {
        ...rest,
        port: this.bound[0]?.port ?? port,
        ...share('maxTransfers', maxTransfers, count),
        ...share('maxTransfersPerAddress', maxTransfersPerAddress, count),
      },
      port: count === 1 ? 'own' : index === 0 && !again ? 'first' : 'next',
      firstId,
      idStep: count,
    }
  }

  async reload(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.reload()))
  }

  stop(graceMs: number): Promise<void> {
    const all = Promise.all(this.#threads.map((thread) => thread.stop(graceMs)))
    this.#stopped ??= all.then(() => {})
    return this.#stopped
  }

  /** For tests: something is thrown in the first thread where nobody expects it. */
  breakForTests(): void {
    this.#threads[0].say({ type: 'break' })
  }

  /** Of the threads' own events each is told once. */
  event(from: Thread, event: ServerEvent): void {
    const isOwn = event.event === 'listening' || event.event === 'notice'
    if (!isOwn || (from === this.#threads[0] && (event.event === 'notice' || this.bound.length === 0))) {
      this.#options.onEvent(event)
    }
  }

  notice(code: string, message: string): void {
    this.#options.onEvent({ event: 'notice', time: Date.now(), code, message })
  }

  heard(from: Thread, message: FromWorker): void {
    if (message.type === 'lesson') {
      for (const thread of this.#threads) if (thread !== from) thread.say({ type: 'learn', lesson: message.lesson })
    } else if (message.type === 'silence') {
      this.#silent.add(from)
      if (this.#silent.size === this.#threads.length) this.#threads[0].say({ type: 'silence' })
    }
  }
}

/** One thread, and the one that takes its place when it breaks. */
class Thread {
  readonly #owner: Workers
  readonly #index: number
  readonly #idStep: number
  #worker: Worker | undefined
  /** The last event of each transfer that is not decided. */
  readonly #running = new Map<number, TransferEvent>()
  #nextId: number
  #startedAt = 0
  #wasReady = false
  #restartMs = FIRST_RESTART_MS
  #restart: NodeJS.Timeout | undefined
  #stopping: PromiseWithResolvers<void> | undefined
  #starting: PromiseWithResolvers<Server['bound']> | undefined
  #reloading: PromiseWithResolvers<void> | undefined
  #cause = ''

  constructor(owner: Workers, index: number, idStep: number) {
    this.#owner = owner
    this.#index = index
    this.#idStep = idStep
    this.#nextId = index + 1
  }

  start(again = false): Promise<Server['bound']> {
    const workerData = this.#owner.startOf(this.#index, this.#nextId, again)
    const starting = Promise.withResolvers<Server['bound']>()
    this.#starting = starting
    this.#startedAt = performance.now()
    this.#cause = ''
    const worker = new Worker(ENTRY, { workerData, name: `foresend ${this.#index + 1}` })
    this.#worker = worker
    worker.on('message', (message: FromWorker) => this.#heard(message))
    worker.on('error', (error: Error) => (this.#cause = error.stack ?? error.message))
    worker.on('exit', () => this.#exited())
    return starting.promise
  }

  say(message: ToWorker): void {
    this.#worker?.postMessage(message)
  }

  reload(): Promise<void> {
    this.#reloading ??= Promise.withResolvers()
    const { promise } = this.#reloading
    if (this.#worker === undefined) this.#settleReload()
    else this.say({ type: 'reload' })
    return promise
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping ??= Promise.withResolvers()
    clearTimeout(this.#restart)
    if (this.#worker === undefined) return
    this.say({ type: 'stop', graceMs })
    const late = setTimeout(() => this.#stopping?.resolve(), graceMs + STOP_SLACK_MS)
    await this.#stopping.promise
    clearTimeout(late)
    await this.#worker?.terminate()
  }

  #heard(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        if (this.#wasReady) this.#owner.notice('THREAD_RESTARTED', 'the thread that broke serves again')
        this.#wasReady = true
        return this.#starting?.resolve(message.bound)
      case 'failed':
        this.#starting?.reject(fromPlain(message.error))
        this.#cause = message.error.message
        return void this.#worker?.terminate()
      case 'events':
        for (const event of JSON.parse(message.json) as ServerEvent[]) this.#event(event)
        return
      case 'reloaded':
        return this.#settleReload(message.error === undefined ? undefined : fromPlain(message.error))
      case 'stopped':
        return this.#stopping?.resolve()
      case 'broken':
        this.#cause = message.cause
        return
      default:
        this.#owner.heard(this, message)
    }
  }

  #event(event: ServerEvent): void {
    if (event.event !== 'listening' && event.event !== 'notice') {
      if (isLast(event)) this.#running.delete(event.id)
      else this.#running.set(event.id, event)
      this.#nextId = Math.max(this.#nextId, event.id + this.#idStep)
    }
    this.#owner.event(this, event)
  }

  #settleReload(error?: Error): void {
    const reloading = this.#reloading
    this.#reloading = undefined
    if (error === undefined) reloading?.resolve()
    else reloading?.reject(error)
  }

  #exited(): void {
    this.#worker = undefined
    this.#settleReload()
    this.#stopping?.resolve()
    this.#fail()
    const cause = this.#cause === '' ? 'it ended without a word' : this.#cause.replace(/\s*\n\s*/g, ' ')
    this.#starting?.reject(
      new ForesendError('ERR_TFTP_INTERNAL', `a thread did not start: ${cause}`, { fault: 'local' }),
    )
    // Whoever waits for the first start is told why by that.
    if (this.#stopping !== undefined || !this.#wasReady) return
    const well = performance.now() - this.#startedAt > WELL_MS
    const wait = well ? FIRST_RESTART_MS : this.#restartMs
    this.#restartMs = Math.min(MAX_RESTART_MS, wait * 2)
    this.#owner.notice('THREAD_BROKE', `a thread of the server broke and is started again, please report it: ${cause}`)
    this.#restart = setTimeout(() => void this.start(true).catch(() => {}), wait)
  }

  /** What ran in the thread is lost; the clients will ask again. */
  #fail(): void {
    const cause = 'the thread that served it broke; ask again'
    for (const event of this.#running.values()) {
      this.#owner.event(this, { ...event, event: 'failed', time: Date.now(), code: 'ERR_TFTP_INTERNAL', cause })
    }
    this.#running.clear()
  }
}

function isLast({ event }: TransferEvent): boolean {
  switch (event) {
    case 'refused':
    case 'probed':
    case 'superseded':
    case 'completed':
    case 'failed':
      return true
    default:
      return false
  }
}

/** A limit on all transfers, divided among threads that do not know each other's. */
function share<Name extends string>(name: Name, limit: number | undefined, count: number): { [key in Name]?: number } {
  return limit === undefined ? {} : ({ [name]: Math.ceil(limit / count) } as { [key in Name]: number })
}
