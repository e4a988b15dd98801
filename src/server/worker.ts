/** A thread that serves: the batch driver's loop has it for itself, and what happens crosses to the others in batches. */
import { parentPort, workerData } from 'node:worker_threads'
import { ForesendError } from '../error.ts'
import { withLoop } from '../io/native/loop.ts'
import { probeBatch } from '../io/native/probe.ts'
import type { ServerEvent } from './events.ts'
import { type ServerHere, startHere } from './here.ts'
import { type FromWorker, toPlain, type ToWorker, type WorkerStart } from './worker-protocol.ts'

const EVENTS_MS = 5
const MAX_EVENTS = 256

const { options, port, firstId, idStep } = workerData as WorkerStart
let events: ServerEvent[] = []
let server: ServerHere | undefined

process.on('uncaughtException', (error) => {
  // Sockets are not this thread's alone for the system: they would stay, and take the clients' packets.
  server?.drop()
  flush()
  say({ type: 'broken', cause: error.stack ?? error.message })
  process.exit(1)
})
parentPort?.on('message', (message: ToWorker) => void hear(message))
await start()

async function start(): Promise<void> {
  try {
    const native = probeBatch()
    if (typeof native === 'string') throw new ForesendError('ERR_TFTP_INTERNAL', native, { fault: 'local' })
    server = await startHere(
      { ...options, onEvent },
      {
        native: await withLoop(native),
        firstId,
        idStep,
        sharedPort: port === 'own' ? undefined : port,
        ...(idStep > 1 ? { onLesson: (lesson) => say({ type: 'lesson', lesson }) } : {}),
        onSilence: () => say({ type: 'silence' }),
      },
    )
    flush()
    say({ type: 'ready', bound: server.bound })
  } catch (error) {
    say({ type: 'failed', error: toPlain(error) })
  }
}

async function hear(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'stop':
      await server?.stop(message.graceMs)
      flush()
      return say({ type: 'stopped' })
    case 'reload':
      return server?.reload().then(
        () => say({ type: 'reloaded' }),
        (error: unknown) => say({ type: 'reloaded', error: toPlain(error) }),
      )
    case 'learn':
      return server?.learn(message.lesson)
    case 'silence':
      return server?.noticeSilence()
    case 'break':
      setImmediate(() => {
        throw new Error('broken for a test')
      })
  }
}

/** Events are kept for a moment: one message, and one wake-up of the other thread, for what a busy time brings. */
function onEvent(event: ServerEvent): void {
  if (events.length === 0) setTimeout(flush, EVENTS_MS)
  events.push(event)
  if (events.length >= MAX_EVENTS) flush()
}

function flush(): void {
  if (events.length === 0) return
  say({ type: 'events', json: JSON.stringify(events) })
  events = []
}

function say(message: FromWorker): void {
  parentPort?.postMessage(message)
}
