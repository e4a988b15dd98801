/** The thread that diagnoses: a long trace takes some milliseconds, and whatever serves in the same thread would wait that long. */
import { parentPort } from 'node:worker_threads'
import { giveWay } from '../give-way.ts'
import type { FromDiagnosis, ToDiagnosis } from './diagnoser.ts'
import { findingOf } from './finding.ts'

giveWay()
parentPort?.on('message', ({ number, kind, evidence }: ToDiagnosis) => {
  const begunAt = performance.now()
  const finding = findingOf(kind, evidence)
  parentPort?.postMessage({ number, finding, ms: performance.now() - begunAt } satisfies FromDiagnosis)
})
