/** What a transfer costs that waits for its client: memory of the server's processes, and of the kernel for them. */
import { createSocket } from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'
import type { MemoryCase } from './cases.ts'
import { type CaseFigures, medianSample, type Sample, type ServerFigures } from './figures.ts'
import { type Held, holdTransfers, type LoadJob, runLoad } from './load.ts'
import { canMeasureProcesses, kernelMemory, memoryOf } from './process-tree.ts'
import type { Bench } from './measure.ts'
import type { ServerKind } from './servers.ts'

/** What a process needs once is not what a transfer needs: this many transfers are done, and this many held, before the measurement begins. */
const WARM_TRANSFERS = 2000
const WARM_CLIENTS = 50
const HELD_BEFORE = 500
const LIMIT_SECONDS = 15
/** The kernel gives memory back a moment later. */
const SETTLE_MS = 300

export async function runMemory(bench: Bench, each: MemoryCase): Promise<CaseFigures> {
  const { name, title, unit, clients, sizeBytes } = each
  const figures = { name, title, unit, clients, sizeBytes }
  if (!canMeasureProcesses) return { ...figures, servers: [], skipped: 'needs /proc' }
  bench.say(`${name}: what the clients themselves need`)
  const clientKb = await clientKernelKb(bench, each)
  const kinds = [...bench.pool.programs.keys()]
  const rows = kinds.map((kind) => ({ kind, samples: [] as Sample[], note: undefined as string | undefined }))
  for (let round = 1; round <= bench.repeats; round++) {
    for (const row of rows.filter(({ note }) => note === undefined)) {
      if (round > 1 && performance.now() > bench.until) continue
      bench.say(`${name}: ${row.kind.name}, ${round} of ${bench.repeats}`)
      try {
        row.samples.push(await holdOnce(bench, row.kind, each, clientKb))
      } catch (error) {
        row.note = (error as Error).message
      }
    }
  }
  const servers = rows.map(({ kind, samples, note }): ServerFigures => {
    const median = medianSample(samples)
    const made = { server: kind.name, samples, ...(median === undefined ? {} : { median }) }
    return note === undefined ? made : { ...made, note }
  })
  return { ...figures, servers }
}

/** A fresh server, since what was once needed is not given back. */
async function holdOnce(bench: Bench, kind: ServerKind, each: MemoryCase, clientKb: number): Promise<Sample> {
  const server = await bench.pool.start(kind, 'memory')
  const held: Held[] = []
  try {
    const job = jobOf(bench, each, server)
    await runLoad({ ...job, clients: WARM_CLIENTS, transfers: Math.min(WARM_TRANSFERS, 10 * each.clients) })
    held.push(await hold(job, HELD_BEFORE))
    await delay(SETTLE_MS)
    const before = { process: memoryOf(server.pids()), kernel: kernelMemory() }
    const more = await hold(job, each.clients)
    held.push(more)
    const kernelKb = (kernelMemory() - before.kernel) / 1024 / each.clients - clientKb
    const processKb = (memoryOf(server.pids()) - before.process) / 1024 / each.clients
    const value = processKb + kernelKb
    return { value, processKb, kernelKb, ms: more.ms, completed: each.clients, failed: 0 }
  } finally {
    await server.stop()
    await Promise.all(held.map(({ release }) => release()))
    await delay(SETTLE_MS)
  }
}

/** Clients live on the same machine. What they need is measured against a server that needs nothing for each of them. */
async function clientKernelKb(bench: Bench, each: MemoryCase): Promise<number> {
  const socket = createSocket('udp4')
  const block = Buffer.concat([Buffer.from([0, 3, 0, 1]), Buffer.alloc(512)])
  socket.on('message', (_request, from) => socket.send(block, from.port, from.address))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const held: Held[] = []
  try {
    const job = jobOf(bench, each, socket.address())
    held.push(await hold(job, HELD_BEFORE))
    await delay(SETTLE_MS)
    const before = kernelMemory()
    held.push(await hold(job, each.clients))
    return (kernelMemory() - before) / 1024 / each.clients
  } finally {
    socket.close()
    await Promise.all(held.map(({ release }) => release()))
  }
}

async function hold(job: LoadJob, clients: number): Promise<Held> {
  const held = await holdTransfers({ ...job, clients, transfers: clients })
  const { answered, faults } = held
  if (answered === clients) return held
  await held.release()
  const why = faults[0] === undefined ? '' : `: ${faults[0]}`
  throw new Error(`${clients - answered} of ${clients} requests were not answered${why}`)
}

function jobOf(bench: Bench, each: MemoryCase, at: { readonly address: string; readonly port: number }): LoadJob {
  const { name: file } = bench.folder.file(each.sizeBytes)
  const { address, port } = at
  const what = { direction: 'get', file, blksize: 512, windowsize: 1, timeoutMs: 1000 } as const
  return { address, port, ...what, clients: 1, transfers: 1, limitSeconds: LIMIT_SECONDS }
}
