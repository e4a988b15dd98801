/** A real Prometheus reads a server's metrics while transfers run: `node test/e2e/http-prometheus.ts`. Ends with 1 when it does not. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, missingNote } from '../interop/programs.ts'
import { Watched } from './http-serving.ts'
import { pattern } from './pattern.ts'
import { RawClient } from './raw-client.ts'

const LONGEST_MS = 30_000

/** What `program` knows of the server after some of its scrapes: whether it is up, and how many transfers completed. */
async function scrapedBy(program: string, folder: string): Promise<{ up: number; completed: number }> {
  writeFileSync(join(folder, 'image'), pattern(100_000))
  const watched = await Watched.open(folder, {}, {}, {}, folder)
  const port = await freeTcpPort()
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 200ms }\nscrape_configs: [{ job_name: foresend, static_configs: [{ targets: ['127.0.0.1:${watched.port}'] }] }]\n`,
  )
  const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`]
  const child = spawn(program, [...flags, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' })
  const client = await RawClient.open(watched.tftpPort)
  try {
    const end = performance.now() + LONGEST_MS
    let completed = Number.NaN
    while (!(completed > 0) && performance.now() < end) {
      await client.get('image')
      completed = await value(port, 'sum(foresend_transfers_total{outcome="completed"})')
    }
    return { completed, up: await value(port, 'up{job="foresend"}') }
  } finally {
    client.close()
    child.kill('SIGKILL')
    await once(child, 'exit')
    await watched.close()
  }
}

/** NaN while it does not answer, or knows nothing of it. */
async function value(port: number, query: string): Promise<number> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`)
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } }
    return Number(data.result[0]?.value[1])
  } catch {
    return Number.NaN
  }
}

/** One that was free a moment ago. */
async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const program = findProgram('prometheus')
const folder = mkdtempSync(join(tmpdir(), 'foresend-prometheus-'))
try {
  if (program === undefined) throw new Error(missingNote('prometheus', 'prometheus'))
  const { up, completed } = await scrapedBy(program, folder)
  console.log(`up ${up}, ${completed} transfers completed`)
  if (up !== 1 || !(completed > 0)) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
