/**
 * Says why transfers stalled or failed, in a thread of its own. The thread is started for the first of them: a server whose transfers are well has none.
 * It never holds anything up for long: what it does not answer in time goes without a cause.
 */
import { Worker } from 'node:worker_threads'
import type { EventKind } from '../endpoint/contract.ts'
import { threadFile } from '../thread-file.ts'
import type { Evidence } from './evidence.ts'
import type { Finding } from './finding.ts'
import { WorkBudget } from './work-budget.ts'

export interface ToDiagnosis {
  readonly number: number
  readonly kind: EventKind
  readonly evidence: Evidence
}

export interface FromDiagnosis {
  readonly number: number
  readonly finding: Finding | undefined
  /** What it took. */
  readonly ms: number
}

/** A thread that has to start first, on a small machine that is busy, answers well within this. */
const ANSWER_WITHIN_MS = 5000
/**
 * A network that breaks down has thousands that fail at once, and most for the same reason; one that loses packets gives each transfer a cause. A long
 * trace takes a tenth of a second, which transfers in progress need more.
 */
const BUDGET = { mostMs: 4000, share: 0.1, expectedMs: 100 }
/** What ended well leaves this for what fails. */
const KEPT_FOR_FAILURES_MS = 2000
/** Only a defect ends the thread, or keeps it from answering. Another one takes the place of one that ended, up to this number. */
const MOST_STARTS = 3
/** Questions that the thread has not answered, in time or late: beyond these it gets no more. */
const MOST_UNANSWERED = 64
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 8 }

interface Waiting {
  readonly answer: (finding: Finding | undefined) => void
  readonly late: NodeJS.Timeout
}

/** For tests. */
export interface DiagnoserOptions {
  readonly create?: () => Worker
  readonly answerWithinMs?: number
}

function createThread(): Worker {
  return new Worker(threadFile('server/diagnosis-worker'), {
    name: 'foresend diagnosis',
    resourceLimits: RESOURCE_LIMITS,
  })
}

export class Diagnoser {
  readonly #create: () => Worker
  readonly #answerWithinMs: number
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  /** Questions that `#worker` has not answered, in time or late: their numbers, and what the budget gave for each. */
  readonly #asked = new Map<number, number>()
  #starts = 0
  #number = 0
  readonly #budget = new WorkBudget(BUDGET)
  #isClosed = false

  constructor({ create = createThread, answerWithinMs = ANSWER_WITHIN_MS }: DiagnoserOptions = {}) {
    this.#create = create
    this.#answerWithinMs = answerWithinMs
  }

  /** `answer` is called once, later: with what was found, or without when that is nothing or took too long. */
  diagnose(kind: EventKind, evidence: Evidence, answer: (finding: Finding | undefined) => void): void {
    const worker = this.#thread()
    const keptMs = kind === 'completed' ? KEPT_FOR_FAILURES_MS : 0
    const taken = worker === undefined ? undefined : this.#budget.take(performance.now(), keptMs)
    if (worker === undefined || taken === undefined) return queueMicrotask(() => answer(undefined))
    const number = this.#number++
    this.#asked.set(number, taken)
    const late = setTimeout(() => this.#answer(number, undefined), this.#answerWithinMs)
    this.#waiting.set(number, { answer, late })
    worker.postMessage({ number, kind, evidence } satisfies ToDiagnosis)
  }

  /** What waits is answered without a cause. */
  close(): void {
    this.#isClosed = true
    const worker = this.#worker
    this.#letGo()
    void worker?.terminate()
  }

  #thread(): Worker | undefined {
    if (this.#asked.size >= MOST_UNANSWERED) return undefined
    if (this.#worker !== undefined || this.#isClosed || this.#starts === MOST_STARTS) return this.#worker
    let worker: Worker
    try {
      worker = this.#create()
    } catch {
      // The system has no thread to spare: events go without a cause.
      return undefined
    }
    this.#starts++
    worker.on('message', ({ number, finding, ms }: FromDiagnosis) => {
      const taken = this.#asked.get(number)
      this.#asked.delete(number)
      if (taken !== undefined) this.#budget.done(taken, ms)
      this.#answer(number, finding)
    })
    // Its end follows, and nothing depends on it.
    worker.on('error', () => {})
    worker.on('exit', () => {
      if (this.#worker === worker) this.#letGo()
    })
    worker.unref()
    this.#worker = worker
    return worker
  }

  /** Nothing more is expected of the thread. What an answer asks in its turn is for the next one. */
  #letGo(): void {
    this.#worker = undefined
    this.#asked.clear()
    const numbers = [...this.#waiting.keys()]
    for (const number of numbers) this.#answer(number, undefined)
  }

  #answer(number: number, finding: Finding | undefined): void {
    const waiting = this.#waiting.get(number)
    if (waiting === undefined) return
    this.#waiting.delete(number)
    clearTimeout(waiting.late)
    waiting.answer(finding)
  }
}
