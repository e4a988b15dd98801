/** The thread of a serving instance: the batch driver's loop has it for itself, and what happens goes to the control side in batches. */
import { parentPort, workerData } from 'node:worker_threads'
import { ForesendError } from '../error.ts'
import type { Native } from '../io/native/linux.ts'
import { withLoop } from '../io/native/loop.ts'
import { probeBatch } from '../io/native/probe.ts'
import { startInstance } from './instance.ts'
import type { FromInstance, InstanceStart, ToInstance } from './protocol.ts'

/** Events wait this long for others: one message, and one wake-up of the other thread, for what a busy time brings. */
const BATCH_MS = 5
const MAX_BATCH = 256
/** What can wait. Everything else leaves at once, and what waited with it. */
const WAITS: ReadonlySet<FromInstance['type']> = new Set(['event', 'ended', 'facts', 'learnt', 'stats'])

let batch: FromInstance[] = []
const instance = startInstance(workerData as InstanceStart, say, native)

process.on('uncaughtException', (error) => {
  // For the system sockets belong to the process: they would stay, and take the clients' packets.
  instance.drop()
  say({ type: 'crashed', cause: error.stack ?? error.message })
  process.exit(1)
})
parentPort?.on('message', (message: ToInstance) => instance.handle(message))

async function native(): Promise<Native> {
  const functions = probeBatch()
  if (typeof functions === 'string') throw new ForesendError('ERR_TFTP_INTERNAL', functions, { fault: 'local' })
  return withLoop(functions)
}

function say(message: FromInstance): void {
  // Its text has thousands of quotes, which a text inside a text has to mark.
  if (message.type === 'kept') return parentPort?.postMessage(message)
  if (batch.length === 0) setTimeout(flush, BATCH_MS)
  batch.push(message)
  if (batch.length >= MAX_BATCH || !WAITS.has(message.type)) flush()
}

function flush(): void {
  if (batch.length === 0) return
  const messages = batch
  batch = []
  parentPort?.postMessage(JSON.stringify(messages))
}
