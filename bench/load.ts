/**
 * The load process: many raw TFTP clients in one process, on plain sockets, checking every byte. It shares no code with
 * what it measures. Takes jobs from its parent; on the command line it takes one as JSON and prints the result.
 */
import { readFileSync } from 'node:fs'
import type { DropJob, HoldJob, Job, Result, TransferJob } from './job.ts'
import { Client } from './load-client.ts'
import type { Task } from './load-client.ts'
import { requestPacket } from './load-packets.ts'
import { ReadTask } from './load-read.ts'
import { WriteTask } from './load-write.ts'

/** How often clients look whether their server is silent. */
const LOOK_MS = 50
/** Requests on the way while transfers are begun that shall wait: what every server's socket has room for. */
const HOLD_AT_ONCE = 32

/**
 * Ports that a client uses in turn. A request from the port of the transfer before may overtake that one's last ACK,
 * since they reach different sockets, and is then taken for a repeat.
 */
const PORTS_EACH = 16

const held: Client[] = []

if (process.send !== undefined) {
  process.on('message', (job) => void perform(job as Job).then((result) => process.send?.(result)))
  process.on('disconnect', () => process.exit())
} else {
  console.log(JSON.stringify(await perform(JSON.parse(process.argv[2] ?? '{}') as Job)))
}

async function perform(job: Job): Promise<Result> {
  switch (job.kind) {
    case 'get':
    case 'put':
      return transferAll(job)
    case 'hold':
      return hold(job)
    case 'drop':
      return drop(job)
  }
}

async function transferAll(job: TransferJob): Promise<Result> {
  const source = job.kind === 'put' ? readFileSync(job.source) : undefined
  const each = Math.min(PORTS_EACH, Math.ceil(job.transfers / job.clients))
  const ports = Array.from({ length: job.clients * each }, () => Client.open(job.address, job.port))
  const clients = await Promise.all(ports)
  const total = { done: 0, bytes: 0, repeats: 0, blksize: 512, windowsize: 1, faults: [] as string[] }
  let begun = 0
  const look = setInterval(() => {
    for (const client of clients) client.look(performance.now())
  }, LOOK_MS)
  const started = performance.now()
  await Promise.all(
    Array.from({ length: job.clients }, async (_, first) => {
      for (let turn = 0; begun < job.transfers; turn++) {
        begun++
        const client = clients[first + job.clients * (turn % each)] as Client
        const task: Task = source === undefined ? new ReadTask(job) : new WriteTask(job, source)
        const fault = await client.run(task, job.timeoutMs)
        total.repeats += task.repeats
        if (fault === undefined) {
          total.done++
          total.bytes += job.sizeBytes
          total.blksize = task.blksize
          total.windowsize = task.windowsize
        } else if (total.faults.length < 10) total.faults.push(fault)
      }
    }),
  )
  const ms = performance.now() - started
  clearInterval(look)
  for (const client of clients) client.close()
  return { ms, ...total }
}

async function hold(job: HoldJob): Promise<Result> {
  const started = performance.now()
  const request = requestPacket(1, job.file, 512, 1)
  let left = job.count
  let answered = 0
  const fill = async (): Promise<void> => {
    while (left > 0) {
      left--
      const client = await Client.open(job.address, job.port)
      held.push(client)
      if (await client.ask(request)) answered++
    }
  }
  await Promise.all(Array.from({ length: HOLD_AT_ONCE }, fill))
  const faults = answered === job.count ? [] : [`${job.count - answered} of ${job.count} requests were not answered`]
  return { ms: performance.now() - started, bytes: 0, done: answered, faults, repeats: 0, blksize: 512, windowsize: 1 }
}

function drop(_job: DropJob): Promise<Result> {
  for (const client of held.splice(0)) client.close()
  return Promise.resolve({ ms: 0, bytes: 0, done: 0, faults: [], repeats: 0, blksize: 512, windowsize: 1 })
}
