/**
 * `--record`: a pcapng file for each transfer, which Wireshark and `foresend diagnose` open. Packets are logged where they pass (`recorder-log.ts`);
 * when a transfer is over, its log goes to a thread that makes the file.
 */
import { accessSync, constants } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { RateLimiter } from '../endpoint/rate-limiter.ts'
import { ForesendError } from '../error.ts'
import { makeFolder } from '../make-folder.ts'
import { threadFile } from '../thread-file.ts'
import type { RecordedTransfer } from './recorder-file.ts'
import { type LogContent, MAX_ENTRIES, TransferLog } from './recorder-log.ts'

export interface RecorderStart {
  readonly folder: string
  /** The oldest go when there are more. */
  readonly maxFiles: number
  readonly maxFileBytes: number
}

export interface RecorderOptions extends RecorderStart {
  /** Something is missing from the recordings, or they cannot be written: a line for a person. */
  readonly onTrouble: (message: string) => void
}

export interface ToRecorder {
  readonly transfer: RecordedTransfer
  readonly content: LogContent
}

/** A transfer is written, or could not be. */
export interface FromRecorder {
  readonly error?: string
}

/** The smallest packet of a transfer in a file: its log needs no more entries than a file has room for these. */
const LEAST_PACKET_BYTES = 64
/** Files cost more than what most small transfers take: a rush of them is not recorded whole. */
const RATE = { burst: 64, perSecond: 10 }
/** Logs that wait for the disk. */
const MOST_WAITING = 256
const TELL_EVERY_MS = 60_000
/** What the disk takes longer for when the server ends is not written. */
const CLOSE_WITHIN_MS = 5000
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 16 }

/** Throws ERR_TFTP_USAGE when the folder cannot be written. */
export function openRecorder(options: RecorderOptions): Recorder {
  const { folder } = options
  try {
    makeFolder(folder)
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    const message = `cannot record to ${folder}: ${(cause as Error).message}; give --record a folder that can be written`
    throw new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local', cause })
  }
  return new Recorder(options)
}

export class Recorder {
  /** Transfers that were left out: too many at a time. */
  dropped = 0
  readonly #options: RecorderOptions
  readonly #budget = { left: MAX_ENTRIES }
  readonly #limiter = new RateLimiter(RATE)
  readonly #worker: Worker
  #waiting = 0
  #toldAt = -Infinity
  #error = ''
  #isOver = false
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
    const { folder, maxFiles, maxFileBytes } = options
    this.#worker = new Worker(threadFile('io/recorder-worker'), {
      name: 'foresend recorder',
      workerData: { folder, maxFiles, maxFileBytes } satisfies RecorderStart,
      resourceLimits: RESOURCE_LIMITS,
    })
    this.#worker.on('message', ({ error }: FromRecorder) => this.#written(error))
    this.#worker.on('error', (error: Error) => this.#ended(error.message))
    this.#worker.on('exit', () => this.#ended('its thread ended'))
    this.#worker.unref()
  }

  /** A transfer begins. */
  begin(): TransferLog {
    return new TransferLog(this.#budget, Math.ceil(this.#options.maxFileBytes / LEAST_PACKET_BYTES))
  }

  /** It is over: with `describe` a file is made of it. `now` in milliseconds. */
  end(now: number, log: TransferLog, describe: (() => RecordedTransfer) | undefined): void {
    const content = log.take()
    if (describe === undefined || this.#isOver) return
    if (this.#waiting >= MOST_WAITING || !this.#limiter.take(now)) return this.#leftOut(now)
    this.#waiting++
    const message: ToRecorder = { transfer: describe(), content }
    this.#worker.postMessage(message, [content.words.buffer as ArrayBuffer])
  }

  /** Resolves when everything is written, or it took too long. */
  async close(): Promise<void> {
    if (this.#waiting > 0) {
      this.#idle ??= Promise.withResolvers()
      const late = setTimeout(() => this.#isLate(), CLOSE_WITHIN_MS)
      await this.#idle.promise
      clearTimeout(late)
    }
    this.#isOver = true
    // One that waits for the disk ends when that answers.
    void this.#worker.terminate()
  }

  #written(error: string | undefined): void {
    this.#waiting--
    if (error === undefined) this.#error = ''
    else this.#failed(error)
    if (this.#waiting === 0) this.#idle?.resolve()
  }

  #failed(error: string): void {
    if (error === this.#error || this.#isOver) return
    this.#error = error
    this.#say(error, 'the next one is tried')
  }

  /** Its thread is gone: it cannot list the folder, or has a defect. */
  #ended(error: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#waiting = 0
    this.#idle?.resolve()
    this.#say(error, 'there are no more recordings until the server is started again')
  }

  #isLate(): void {
    this.#idle?.resolve()
    this.#options.onTrouble(
      `${this.#waiting} transfers are not recorded to ${this.#options.folder}: the disk did not take them in time`,
    )
  }

  #say(error: string, next: string): void {
    const reason = error.replace(/\s*\n\s*/g, ' ')
    this.#options.onTrouble(
      `transfers are not recorded to ${this.#options.folder}: ${reason}; serving goes on, and ${next}`,
    )
  }

  #leftOut(now: number): void {
    this.dropped++
    if (now - this.#toldAt < TELL_EVERY_MS) return
    this.#toldAt = now
    this.#options.onTrouble(
      `${this.dropped} transfers were not recorded: more than ${RATE.perSecond} end in a second; --record-failed records only those with trouble`,
    )
  }
}
