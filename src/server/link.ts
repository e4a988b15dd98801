/**
 * Between the control side and a serving instance: the one thing in which a server in this thread and one in threads of their own differ.
 */
import { Worker } from 'node:worker_threads'
import { threadFile } from '../thread-file.ts'
import { type InstanceHandle, startInstance } from './instance.ts'
import type { FromInstance, InstanceStart, KeptReport, ToInstance } from './protocol.ts'

export interface Link {
  send(message: ToInstance): void
  /** Processor time of its thread, in microseconds. Never settles while the thread hangs. */
  cpuUsage(): Promise<NodeJS.CpuUsage>
  /** Ends the instance, whatever it does. Resolves when it is gone. */
  terminate(): Promise<void>
}

export interface LinkOwner {
  handle(message: FromInstance): void
  /** The instance is gone: it crashed, or it was terminated. `cause` is empty when nothing is known. */
  exited(cause: string): void
}

export type OpenLink = (start: InstanceStart, index: number, owner: LinkOwner) => Link

/** An instance in this thread. Messages are calls; an exception in it ends the program. */
export const openLocalLink: OpenLink = (start, _index, owner) => {
  let instance: InstanceHandle | undefined = startInstance(start, (message) => owner.handle(message))
  return {
    send: (message) => instance?.handle(message),
    cpuUsage: async () => process.threadCpuUsage(),
    async terminate() {
      instance?.drop()
      instance = undefined
      owner.exited('')
    },
  }
}

/**
 * Memory for objects that die young, in MB. Left to itself (48) it grows with a rush of requests and is not given back. Less than
 * this costs starts: with 4 MB a waiting transfer costs half the memory, and a quarter fewer small files start in a second.
 */
const YOUNG_GENERATION_MB = 16

/** An instance in a worker of its own. What it says comes in batches (worker.ts). */
export const openWorkerLink: OpenLink = workerLink(
  (data, name) =>
    new Worker(threadFile('server/worker'), {
      workerData: data,
      name,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    }),
)

/** `create` makes a worker that runs worker.ts. */
export function workerLink(create: (start: InstanceStart, name: string) => Worker): OpenLink {
  return (start, index, owner) => {
    let cause = ''
    const worker = create(start, `foresend ${index + 1}`)
    // As a text messages cross several times faster than as objects.
    worker.on('message', (batch: string | KeptReport) => {
      if (typeof batch !== 'string') return owner.handle(batch)
      for (const message of JSON.parse(batch) as FromInstance[]) owner.handle(message)
    })
    worker.on('error', (error: Error) => (cause = error.stack ?? error.message))
    worker.on('exit', () => owner.exited(cause))
    return {
      send: (message) => worker.postMessage(message),
      cpuUsage: () => worker.cpuUsage(),
      terminate: async () => void (await worker.terminate()),
    }
  }
}
