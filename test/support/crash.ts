/** Servers whose workers crash when a test wants it. */
import { Worker } from 'node:worker_threads'
import { parseConfig } from '../../src/server/config.ts'
import type { EventLevel, Server, ServerConfigInput, ServerEvent } from '../../src/server/contract.ts'
import { startControl } from '../../src/server/control.ts'
import { workerLink } from '../../src/server/link.ts'
import type { RestartTimes } from '../../src/server/member.ts'

export interface CrashingServer extends Server {
  /** The worker that was started last as number `index` throws where no handler is. */
  crash(index?: number): void
}

/** As `startServer` with the batch driver and `count` workers. */
export async function startCrashing(
  input: ServerConfigInput,
  listener?: (event: ServerEvent) => void,
  level: EventLevel = 'debug',
  count = 1,
  restart?: RestartTimes,
): Promise<CrashingServer> {
  const entry = new URL('./crashing-worker.ts', import.meta.url)
  const workers = new Map<string, Worker>()
  const open = workerLink((workerData, name) => {
    const worker = new Worker(entry, { workerData, name })
    workers.set(name, worker)
    return worker
  })
  const server = await startControl(
    parseConfig({ ...input, driver: 'batch' }),
    { count, open, ...(restart === undefined ? {} : { restart }) },
    listener,
    [],
    level,
  )
  return Object.assign(server, {
    crash: (index = 0) => workers.get(`foresend ${index + 1}`)?.postMessage({ type: 'crash' }),
  })
}
