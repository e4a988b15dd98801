/** One thread for what would hold up serving. It is started when there is something to do, and ends when there was nothing for a while. */
import { Worker } from 'node:worker_threads'
import { ForesendError } from '../../error.ts'
import { threadFile } from '../../thread-file.ts'
import type { Digests, Done, FoundDiagnosis, Job } from './work.ts'

/** Jobs that wait; those beyond are turned away. */
const MAX_WAITING = 32
const IDLE_MS = 30_000

interface Waiting {
  readonly job: Job
  readonly answer: PromiseWithResolvers<Done>
}

export class WorkThread {
  readonly #waiting: Waiting[] = []
  #running: Waiting | undefined
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined

  /** Rejects with ERR_TFTP_BUSY, or ERR_TFTP_CONTENT where the file cannot be read. */
  async digest(fd: number): Promise<Digests> {
    const done = await this.#do({ type: 'digest', fd })
    if ('digests' in done) return done.digests
    throw failed('ERR_TFTP_CONTENT', `the file cannot be read: ${'failed' in done ? done.failed : ''}`)
  }

  async diagnose(job: Omit<Extract<Job, { type: 'diagnose' }>, 'type'>): Promise<FoundDiagnosis> {
    const done = await this.#do({ type: 'diagnose', ...job })
    if ('diagnosis' in done) return done.diagnosis
    throw failed('ERR_TFTP_INTERNAL', `the diagnosis failed: ${'failed' in done ? done.failed : ''}`)
  }

  close(): void {
    clearTimeout(this.#idle)
    void this.#worker?.terminate()
  }

  #do(job: Job): Promise<Done> {
    if (this.#waiting.length >= MAX_WAITING)
      return Promise.reject(failed('ERR_TFTP_BUSY', 'too much is being worked out already; ask again in a moment'))
    const answer = Promise.withResolvers<Done>()
    this.#waiting.push({ job, answer })
    this.#next()
    return answer.promise
  }

  #next(): void {
    if (this.#running !== undefined) return
    this.#running = this.#waiting.shift()
    clearTimeout(this.#idle)
    if (this.#running !== undefined) this.#thread().postMessage(this.#running.job)
    else this.#idle = setTimeout(() => void this.#worker?.terminate(), IDLE_MS).unref()
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(threadFile('control/http/work-entry'), { name: 'foresend http' })
    worker.unref()
    worker.on('message', (done: Done) => this.#answer(done))
    let cause = 'its thread ended'
    worker.on('error', (error: Error) => (cause = error.message))
    worker.on('exit', () => {
      this.#worker = undefined
      this.#answer({ failed: cause })
    })
    this.#worker = worker
    return worker
  }

  #answer(done: Done): void {
    const running = this.#running
    this.#running = undefined
    running?.answer.resolve(done)
    if (running !== undefined) this.#next()
  }
}

function failed(code: 'ERR_TFTP_BUSY' | 'ERR_TFTP_CONTENT' | 'ERR_TFTP_INTERNAL', message: string): ForesendError {
  return new ForesendError(code, message, { fault: 'local' })
}
