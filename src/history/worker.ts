/** The thread that writes the history: SQLite waits for the disk, and nothing that serves may wait with it. */
import { parentPort, workerData } from 'node:worker_threads'
import { giveWay } from '../give-way.ts'
import type { Batch } from './batch.ts'
import { Keeper } from './keeper.ts'
import { learntIn } from './reader.ts'
import type { FromWriter, ToWriter, WriterStart } from './messages.ts'

/** What could not be written is tried again after this, and after twice as long each time. */
const RETRY_FIRST_MS = 500
const RETRY_MAX_MS = 10_000
/**
 * At most one transaction in this time, however much happens: one that has the transfers of a second writes each page of an index
 * once. What comes after a quiet time is written at once.
 */
const COMMIT_EVERY_MS = 1000
/** Old transfers are looked for this often. */
const TRIM_EVERY_MS = 600_000
/** Between the slices: batches come first. */
const TRIM_PAUSE_MS = 50
/** The first look at the whole database waits until the server has begun to serve. */
const CHECK_AFTER_MS = 1000

const keeper = new Keeper({
  ...(workerData as WriterStart),
  notice: (message) => say({ type: 'notice', message }),
})
/** What is not in the database yet, the oldest first. */
let held: Batch[] = []
let timer: NodeJS.Timeout | undefined
let retryMs = RETRY_FIRST_MS
let storedAt = -Infinity

say({ type: 'alive' })
giveWay()
// A server waits for this, and for nothing that has to be written.
say({ type: 'opened', devices: learntIn((workerData as WriterStart).folder) })
keeper.start()
if (keeper.isOff) say({ type: 'off' })
setTimeout(() => keeper.check(), CHECK_AFTER_MS)
setTimeout(trim, TRIM_EVERY_MS)
parentPort?.on('message', (message: ToWriter) => {
  if (message.type === 'close') return close()
  if (message.type === 'forget') return forget(message.name)
  held.push(JSON.parse(message.batch) as Batch)
  timer ??= setTimeout(store, Math.max(0, storedAt + COMMIT_EVERY_MS - performance.now()))
})

/** One transaction for all that is held. */
function store(): void {
  timer = undefined
  if (held.length === 0) return
  const batch = { ended: held.flatMap(({ ended }) => ended), learnt: held.flatMap(({ learnt }) => learnt) }
  if (!keeper.store(batch)) {
    timer = setTimeout(store, retryMs)
    retryMs = Math.min(RETRY_MAX_MS, retryMs * 2)
    return
  }
  retryMs = RETRY_FIRST_MS
  storedAt = performance.now()
  say(keeper.isOff ? { type: 'off' } : { type: 'stored', batches: held.length })
  held = []
}

function forget(name: string): void {
  clearTimeout(timer)
  store()
  const devices = held.length > 0 ? undefined : keeper.forget(name)
  say({ type: 'forgotten', ...(devices === undefined ? {} : { devices }) })
}

function trim(): void {
  // While nothing can be written nothing can be deleted either.
  const isMore = retryMs === RETRY_FIRST_MS && keeper.trim()
  setTimeout(trim, isMore ? TRIM_PAUSE_MS : TRIM_EVERY_MS)
}

/** What is held gets its last chance. */
function close(): void {
  clearTimeout(timer)
  store()
  keeper.close()
  say({ type: 'closed' })
  process.exit(0)
}

function say(message: FromWriter): void {
  parentPort?.postMessage(message)
}
