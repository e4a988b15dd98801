/** The long form of the noise at the HTTP port. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Watched } from '../e2e/http-serving.ts'
import { fuzzHttp } from './http-fuzz.ts'

const PROGRESS_EVERY = 10_000

export async function runHttpFuzz(requests: number, seed: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'foresend-http-fuzz-'))
  try {
    writeFileSync(join(folder, 'file'), 'text')
    const watched = await Watched.open(folder, {}, {}, {}, folder)
    const beganAt = performance.now()
    const onProgress = (done: number): void => {
      if (done % PROGRESS_EVERY === 0) console.log(`${done} of ${requests} requests`)
    }
    const { answered, statuses, faults } = await fuzzHttp(watched, { requests, seed, onProgress })
    const health = await watched.ask('/healthz')
    await watched.close()
    for (const [status, count] of [...statuses].sort(([a], [b]) => a - b))
      console.log(`${String(count).padStart(9)}  ${status}`)
    console.log(
      `${requests} requests in ${((performance.now() - beganAt) / 1000).toFixed(1)} s: ${answered} answers, ${faults.length} faults; then it was ${health.text.trim()}`,
    )
    for (const fault of faults.slice(0, 20)) console.error(fault)
    if (faults.length > 0 || health.status !== 200) process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
