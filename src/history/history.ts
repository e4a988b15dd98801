/** The history of a server: collects what happens, and hands it to a thread that writes. Nothing here waits for a disk. */
import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { ForesendError } from '../error.ts'
import { threadFile } from '../thread-file.ts'
import type { DeviceUpdate } from '../profile/memory.ts'
import type { EndedTransfer, History } from './contract.ts'
import type { FromWriter, ToWriter, WriterStart } from './messages.ts'
import { MAX_CHARS, MAX_TRANSFERS, type Piece, Queue } from './queue.ts'
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
  /** Writes what waits; resolves within two seconds, whatever the disk does. */
  close(): Promise<void>
}

/** What happened is with the thread that writes this much later at most. */
const FLUSH_MS = 200
/** What was lost is reported at most this often. */
const TELL_LOST_MS = 60_000

/** Batches are short-lived and small. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 8 }

/** The thread that writes, and how long it is waited for. */
export interface WriterThread {
  readonly create: (start: WriterStart) => Worker
  /** A server starts without what was learnt rather than wait longer than this for a disk or a lock. */
  readonly openWithinMs: number
  /** What takes longer when the server ends is lost. */
  readonly closeWithinMs: number
  /** Another one takes the place of one that ended by itself after this. */
  readonly restartMs: number
}

export const WRITER: WriterThread = {
  create: (start) =>
    new Worker(threadFile('history/worker'), {
      workerData: start,
      name: 'foresend history',
      resourceLimits: RESOURCE_LIMITS,
    }),
  openWithinMs: 1500,
  closeWithinMs: 2000,
  restartMs: 10_000,
}

/** Resolves with what was learnt before, or without it when the database does not answer in time. Never rejects. */
export async function openHistory(options: HistoryOptions, thread: WriterThread = WRITER): Promise<OpenHistory> {
  const recorder = new Recorder(options, thread)
  await recorder.opened
  return recorder
}

class Recorder implements OpenHistory {
  devices: readonly DeviceUpdate[] = []
  /** Resolves when `devices` is known, or it took too long. */
  readonly opened: Promise<void>
  readonly #start: WriterStart
  readonly #notice: (message: string) => void
  readonly #thread: WriterThread
  readonly #queue = new Queue()
  #worker: Worker | undefined
  /** The thread is there. */
  #isOpen = false
  /** What is with the thread and not in the database yet; a new thread gets it again. */
  #sent: Piece[] = []
  #flush: NodeJS.Timeout | undefined
  #restart: NodeJS.Timeout | undefined
  /** Runs while a server waits to begin. */
  #late: NodeJS.Timeout | undefined
  #toldLostAt = -Infinity
  #tellLost: NodeJS.Timeout | undefined
  #isOff = false
  /** Questions to forget a device that were not answered yet. */
  readonly #forgetting: PromiseWithResolvers<string[]>[] = []
  readonly #ready = Promise.withResolvers<void>()
  #closing: PromiseWithResolvers<void> | undefined

  constructor({ folder, version, notice, limits }: HistoryOptions, thread: WriterThread) {
    this.#thread = thread
    const run = { uid: randomBytes(16).toString('hex'), version, node: process.versions.node, startedMs: Date.now() }
    this.#start = { folder, run, ...(limits === undefined ? {} : { limits }) }
    this.#notice = notice
    this.opened = this.#ready.promise.finally(() => clearTimeout(this.#late))
    this.#begin()
  }

  ended(transfer: EndedTransfer): void {
    if (this.#isOver) return
    this.#queue.add(transfer)
    this.#wake()
  }

  kept(rows: string, count: number): void {
    if (this.#isOver) return
    this.#queue.addRows(rows, count)
    this.#wake()
  }

  learnt(update: DeviceUpdate): void {
    if (this.#isOver) return
    this.#queue.learn(update)
    this.#wake()
  }

  forget(name: string): Promise<string[]> {
    const asked = Promise.withResolvers<string[]>()
    this.#forgetting.push(asked)
    if (this.#isOver || !this.#isOpen) this.#forgot(undefined)
    else {
      this.#sendBatch()
      this.#send({ type: 'forget', name })
    }
    return asked.promise
  }

  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.promise
    const closing = Promise.withResolvers<void>()
    this.#closing = closing
    clearTimeout(this.#restart)
    clearTimeout(this.#flush)
    clearTimeout(this.#tellLost)
    const late = setTimeout(() => this.#end(), this.#thread.closeWithinMs)
    if (this.#worker === undefined) this.#end()
    else if (this.#isOpen) this.#sendRest()
    return closing.promise.finally(() => clearTimeout(late))
  }

  /** Nothing more is collected. */
  get #isOver(): boolean {
    return this.#isOff || this.#closing !== undefined
  }

  #begin(): void {
    let cause = ''
    let worker: Worker
    try {
      worker = this.#thread.create(this.#start)
    } catch (error) {
      // The system has no thread to spare.
      return this.#exited((error as Error).message)
    }
    this.#worker = worker
    worker.on('message', (message: FromWriter) => this.#handle(message))
    worker.on('error', (error: Error) => (cause = error.message))
    worker.on('exit', () => {
      // `#end` lets go of the thread, and says what there is to say.
      if (this.#worker !== undefined) this.#exited(cause)
    })
  }

  #handle(message: FromWriter): void {
    switch (message.type) {
      case 'alive':
        this.#late ??= setTimeout(() => this.#isLate(), this.#thread.openWithinMs)
        return
      case 'opened':
        this.devices = message.devices
        this.#ready.resolve()
        this.#isOpen = true
        for (const { text } of this.#sent) this.#send({ type: 'batch', batch: text })
        return this.#goOn()
      case 'stored':
        this.#sent = this.#sent.slice(message.batches)
        this.#noticeLost()
        return this.#goOn()
      case 'forgotten':
        return this.#forgot(message.devices)
      case 'off':
        this.#isOff = true
        return this.#end()
      case 'notice':
        return this.#notice(message.message)
      case 'closed':
        return this.#end()
    }
  }

  /** Sends the next full batch where there is room for one; those behind it follow in later turns, so that nothing waits long. */
  #goOn(): void {
    if (this.#closing !== undefined) return this.#sendRest()
    if (this.#queue.hasFullBatch) {
      if (this.#sendBatch() && this.#queue.hasFullBatch) setImmediate(() => this.#goOn())
    } else if (!this.#queue.isEmpty) this.#wake()
  }

  /** Something waits. */
  #wake(): void {
    if (this.#queue.hasFullBatch) this.#sendBatch()
    else this.#flush ??= setTimeout(() => this.#sendBatch(), FLUSH_MS).unref()
  }

  /** False when nothing can be sent now. */
  #sendBatch(): boolean {
    clearTimeout(this.#flush)
    this.#flush = undefined
    if (!this.#isOpen || this.#queue.isEmpty) return false
    if (this.#unwritten() >= MAX_TRANSFERS || this.#unwrittenChars() >= MAX_CHARS) return false
    const piece = this.#queue.take()
    this.#sent.push(piece)
    this.#send({ type: 'batch', batch: piece.text })
    return true
  }

  #sendRest(): void {
    while (this.#sendBatch());
    if (this.#queue.isEmpty) this.#send({ type: 'close' })
  }

  /** Transfers that are with the thread. */
  #unwritten(): number {
    return this.#sent.reduce((sum, { transfers }) => sum + transfers, 0)
  }

  #unwrittenChars(): number {
    return this.#sent.reduce((sum, { text }) => sum + text.length, 0)
  }

  #send(message: ToWriter): void {
    this.#worker?.postMessage(message)
  }

  /** The oldest question has its answer. */
  #forgot(devices: readonly string[] | undefined): void {
    const asked = this.#forgetting.shift()
    if (devices === undefined) asked?.reject(notNow(this.#start.folder))
    else {
      this.#queue.unlearn(devices)
      asked?.resolve([...devices])
    }
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
    this.#worker = undefined
    this.#isOpen = false
    while (this.#forgetting.length > 0) this.#forgot(undefined)
    if (this.#closing !== undefined) return this.#end()
    this.#ready.resolve()
    const why = cause === '' ? 'for no known reason' : cause.replace(/\s*\n\s*/g, ' ')
    this.#notice(`the thread that writes the history ended (${why}): serving goes on, and it is started again`)
    this.#restart = setTimeout(() => this.#begin(), this.#thread.restartMs).unref()
  }

  /** Whatever was not written by now never will be. */
  #end(): void {
    const { transfers, traces } = this.#queue.takeLost()
    const text = lostText({ transfers: transfers + this.#queue.transfers + this.#unwritten(), traces })
    this.#sent = []
    const worker = this.#worker
    this.#worker = undefined
    this.#isOpen = false
    if (text !== '' && !this.#isOff)
      this.#notice(`${text} missing in the history: the server ended before they could be written`)
    while (this.#forgetting.length > 0) this.#forgot(undefined)
    void worker?.terminate()
    this.#closing?.resolve()
  }
}

function notNow(folder: string): ForesendError {
  const message = `the history in ${folder} cannot be written now, so what was learnt stays; try again`
  return new ForesendError('ERR_TFTP_ACCESS', message, { fault: 'local' })
}

/** `3 transfers are`; '' when nothing was lost. */
function lostText({ transfers, traces }: { readonly transfers: number; readonly traces: number }): string {
  const parts = [counted(transfers, 'transfer'), counted(traces, 'trace')].filter((part) => part !== '')
  return parts.length === 0 ? '' : `${parts.join(' and ')} ${transfers + traces === 1 ? 'is' : 'are'}`
}

function counted(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`
}
