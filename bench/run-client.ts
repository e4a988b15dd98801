/** Our own client against our own server: how much of what the server gives the commands `get` and `put` can take. */
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ClientCase, TransferCase } from './cases.ts'
import { removeUploads } from './content.ts'
import { type CaseFigures, medianSample, OURS, type Sample, spreadOf } from './figures.ts'
import { runLoad } from './load.ts'
import { CORES, pinned } from './pin.ts'
import { type Bench, jobOf } from './measure.ts'
import { FORESEND } from './servers.ts'
import type { StartedServer } from './server-process.ts'

const LIMIT_SECONDS = 15

const run = promisify(execFile)

export async function runClient(bench: Bench, each: ClientCase): Promise<CaseFigures> {
  const { name, title, unit, clients, sizeBytes } = each
  const figures = { name, title, unit, clients, sizeBytes }
  const kind = [...bench.pool.programs.keys()].find((known) => known.name === OURS)
  if (kind === undefined) return { ...figures, servers: [], skipped: `no ${OURS} in this run` }
  const samples: Sample[] = []
  const given: number[] = []
  let note: string | undefined
  try {
    // The first round warms up.
    for (let round = 0; round <= bench.repeats && (round < 2 || performance.now() < bench.until); round++) {
      bench.say(`${name}: ${round} of ${bench.repeats}`)
      const server = await bench.pool.get(kind, 'memory')
      const load = await givenToLoad(bench, each, server)
      const sample = await takenByClient(bench, each, server)
      if (round === 0) continue
      given.push(load)
      samples.push(sample)
    }
  } catch (error) {
    note = (error as Error).message.split('\n').slice(0, 2).join(' ')
  }
  const median = medianSample(samples)
  const ceiling = spreadOf(given)
  const ours = { server: OURS, samples, ...(median && { median }), ...(note !== undefined && { note }) }
  return { ...figures, servers: [ours], ...(ceiling && { ceiling }) }
}

/** MB/s. */
async function givenToLoad(bench: Bench, each: ClientCase, server: StartedServer): Promise<number> {
  const { way, name, title, clients, sizeBytes, blksize, windowsize, unit } = each
  const same: TransferCase = { kind: way, name, title, clients, sizeBytes, blksize, windowsize, unit }
  const job = jobOf(bench.folder, same, server, 1, LIMIT_SECONDS)
  const { bytes, ms } = await runLoad(job)
  if (way === 'put') removeUploads(server.folder, job.file)
  return bytes / 1000 / ms
}

async function takenByClient(bench: Bench, each: ClientCase, server: StartedServer): Promise<Sample> {
  const { name, path } = bench.folder.file(each.sizeBytes)
  const stored = bench.folder.uploadName()
  const local = join(bench.folder.local, name)
  const at = `tftp://${server.address}:${server.port}/`
  const what = each.way === 'get' ? [`${at}${name}`, '-o', local] : [path, `${at}${stored}`]
  const flags = ['--blksize', String(each.blksize), '--windowsize', String(each.windowsize), '--log-format', 'json']
  const [program, ...args] = pinned(CORES?.client, [process.execPath, FORESEND, each.way, ...what, ...flags])
  try {
    const { stdout } = await run(program as string, args, { timeout: LIMIT_SECONDS * 1000 })
    const line = stdout.split('\n').findLast((text) => text.includes('"completed"')) ?? '{}'
    const { bytes = 0, ms = 0, retransmitted = 0 } = JSON.parse(line) as Record<string, number>
    if (bytes !== each.sizeBytes) throw new Error(`${each.way} moved ${bytes} bytes of ${each.sizeBytes}`)
    return { value: bytes / 1000 / ms, ms, completed: 1, failed: 0, retransmitted }
  } finally {
    rmSync(local, { force: true })
    removeUploads(server.folder, stored)
  }
}
