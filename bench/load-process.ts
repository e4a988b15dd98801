/**
 * The load generator as a process that stays: what its first job compiles serves all others, so that no server is measured
 * by a client that is still warming up. A job comes as a message, its result goes back as one.
 */
import { readFileSync } from 'node:fs'
import { runLoad } from '../src/load/load.ts'
import type { LoadAnswer, LoadJob } from './load.ts'

process.on('message', (job: LoadJob) => void answer(job).then((found) => process.send?.(found)))

async function answer({ limitSeconds, expect, ...job }: LoadJob): Promise<LoadAnswer> {
  try {
    const content = expect === undefined ? undefined : readFileSync(expect)
    const rest = { lossPercent: 0, vanishPercent: 0, seed: 1, limitMs: limitSeconds * 1000, content }
    return { result: await runLoad({ ...rest, ...job, host: job.address }) }
  } catch (error) {
    return { error: (error as Error).message }
  }
}
