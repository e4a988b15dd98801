/** The history of a server: collects what happens, and hands it to a thread that writes. Nothing here waits for a disk. */
import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { DeviceUpdate } from '../profile/memory.ts'
import type { EndedTransfer, History } from './contract.ts'
import type { FromWriter, ToWriter, WriterStart } from './messages.ts'
import { MAX_BATCH, Queue } from './queue.ts'
import type { Limits } from './retention.ts'

export interface HistoryOptions {
  /** Where the database is, or will be. */
  readonly folder: string
  /** Of this program. */
  readonly version: string
  /** One line for a person: what is wrong with the history, or is well again. */
  readonly notice: (message: string) => void
  readonly limits?: Limits
}

export interface OpenHistory extends History {
  /** Writes what waits, within CLOSE_WITHIN_MS. */
  close(): Promise<void>
}

/** A server starts without what was learnt rather than later than this. */
const OPEN_WITHIN_MS = 1500
/** What waits longer when the server ends is lost. */
const CLOSE_WITHIN_MS = 2000
/** What happened is in the database this much later at most. */
const FLUSH_MS = 200
/** What was lost is told at most this often. */
const TELL_LOST_MS = 60_000
/** A thread that ended by itself is started again after this. */
const RESTART_MS = 10_000

/** The file beside this one, compiled or not. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
/** Batches are short-lived and small. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 8 }

/** Resolves with what was learnt before, or without it when the database does not answer in time. Never rejects. */
export async function openHistory(options: HistoryOptions): Promise<OpenHistory> {
  const recorder = new Recorder(options)
  await recorder.opened
  return recorder
}

class Recorder implements OpenHistory {
  devices: readonly DeviceUpdate[] = []
  /** Resolves when `devices` is known, or it took too long. */
  readonly opened: Promise<void>
  readonly #start: WriterStart
  readonly #notice: (message: string) => void
  readonly #queue = new Queue()
  #worker: Worker | undefined
  /** The thread is there, and has written what it was given. */
  #isFree = false
  /** A batch that is with the thread; a new thread gets it again. */
  #batch: string | undefined
  #flush: NodeJS.Timeout | undefined
  #restart: NodeJS.Timeout | undefined
  #toldLostAt = -Infinity
  #tellLost: NodeJS.Timeout | undefined
  #isOff = false
  readonly #ready = Promise.withResolvers<void>()
  #closing: PromiseWithResolvers<void> | undefined

  constructor({ folder, version, notice, limits }: HistoryOptions) {
    const run = { uid: randomBytes(16).toString('hex'), version, node: process.versions.node, startedMs: Date.now() }
    this.#start = { folder, run, ...(limits === undefined ? {} : { limits }) }
    this.#notice = notice
    const late = setTimeout(() => this.#isLate(), OPEN_WITHIN_MS)
    this.opened = this.#ready.promise.finally(() => clearTimeout(late))
    this.#begin()
  }

  ended(transfer: EndedTransfer): void {
    if (this.#isOver) return
    this.#queue.add(transfer)
    this.#wake()
  }

  learnt(update: DeviceUpdate): void {
    if (this.#isOver) return
    this.#queue.learn(update)
    this.#wake()
  }

  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.promise
    const closing = Promise.withResolvers<void>()
    this.#closing = closing
    clearTimeout(this.#restart)
    clearTimeout(this.#flush)
    clearTimeout(this.#tellLost)
    const late = setTimeout(() => this.#end(), CLOSE_WITHIN_MS)
    if (this.#worker === undefined) this.#end()
    else if (this.#isFree) this.#goOn()
    return closing.promise.finally(() => clearTimeout(late))
  }

  /** Nothing more is collected. */
  get #isOver(): boolean {
    return this.#isOff || this.#closing !== undefined
  }

  #begin(): void {
    const worker = new Worker(ENTRY, {
      workerData: this.#start,
      name: 'foresend history',
      resourceLimits: RESOURCE_LIMITS,
    })
    this.#worker = worker
    let cause = ''
    worker.on('message', (message: FromWriter) => this.#handle(message))
    worker.on('error', (error: Error) => (cause = error.message.replace(/\s*\n\s*/g, ' ')))
    worker.on('exit', () => this.#exited(cause))
  }

  #handle(message: FromWriter): void {
    switch (message.type) {
      case 'opened':
        this.devices = message.devices
        this.#ready.resolve()
        if (this.#batch !== undefined) return this.#send({ type: 'batch', batch: this.#batch })
        return this.#goOn()
      case 'stored':
        this.#batch = undefined
        this.#noticeLost()
        return this.#goOn()
      case 'off':
        this.#isOff = true
        return this.#end()
      case 'notice':
        return this.#notice(message.message)
      case 'closed':
        return this.#end()
    }
  }

  /** The thread is free: the next batch, at once when it is full or the end has come. */
  #goOn(): void {
    this.#isFree = true
    if (this.#queue.isEmpty) {
      if (this.#closing !== undefined) this.#send({ type: 'close' })
      return
    }
    if (this.#closing !== undefined || this.#queue.transfers >= MAX_BATCH) this.#sendBatch()
    else this.#wake()
  }

  /** Something waits. */
  #wake(): void {
    if (!this.#isFree) return
    if (this.#queue.transfers >= MAX_BATCH) return this.#sendBatch()
    this.#flush ??= setTimeout(() => this.#sendBatch(), FLUSH_MS).unref()
  }

  #sendBatch(): void {
    clearTimeout(this.#flush)
    this.#flush = undefined
    if (!this.#isFree || this.#queue.isEmpty) return
    this.#isFree = false
    this.#batch = this.#queue.take()
    this.#send({ type: 'batch', batch: this.#batch })
  }

  #send(message: ToWriter): void {
    this.#worker?.postMessage(message)
  }

  #isLate(): void {
    this.#notice(
      `the history in ${this.#start.folder} does not answer: this server begins without what was learnt of devices, and learns it again`,
    )
    this.#ready.resolve()
  }

  #noticeLost(): void {
    clearTimeout(this.#tellLost)
    const wait = this.#toldLostAt + TELL_LOST_MS - performance.now()
    if (wait > 0) {
      this.#tellLost = setTimeout(() => this.#noticeLost(), wait).unref()
      return
    }
    const text = lostText(this.#queue.takeLost())
    if (text === '') return
    this.#toldLostAt = performance.now()
    this.#notice(`${text} missing in the history: more happened than could be written`)
  }

  #exited(cause: string): void {
    // The one that `#end` lets go of has been told.
    if (this.#worker === undefined) return
    this.#worker = undefined
    this.#isFree = false
    if (this.#closing !== undefined) return this.#end()
    this.#ready.resolve()
    this.#notice(
      `the thread that writes the history ended (${cause === '' ? 'without a word' : cause}): serving goes on, and it is started again`,
    )
    this.#restart = setTimeout(() => this.#begin(), RESTART_MS).unref()
  }

  /** Whatever was not written by now never will be. */
  #end(): void {
    const { transfers, traces } = this.#queue.takeLost()
    const unwritten = this.#queue.transfers + (this.#batch === undefined ? 0 : endedIn(this.#batch))
    const text = lostText({ transfers: transfers + unwritten, traces })
    this.#batch = undefined
    const worker = this.#worker
    this.#worker = undefined
    this.#isFree = false
    if (text !== '' && !this.#isOff)
      this.#notice(`${text} missing in the history: the server ended before they could be written`)
    void worker?.terminate()
    this.#closing?.resolve()
  }
}

function endedIn(batch: string): number {
  return (JSON.parse(batch) as { readonly ended: readonly unknown[] }).ended.length
}

/** `3 transfers are`; '' when nothing was lost. */
function lostText({ transfers, traces }: { readonly transfers: number; readonly traces: number }): string {
  const parts = [counted(transfers, 'transfer'), counted(traces, 'trace')].filter((part) => part !== '')
  return parts.length === 0 ? '' : `${parts.join(' and ')} ${transfers + traces === 1 ? 'is' : 'are'}`
}

function counted(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`
}
