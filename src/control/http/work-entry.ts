/** The thread of `work-thread.ts`. */
import { createHash } from 'node:crypto'
import { readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { giveWay } from '../../give-way.ts'
import { diagnose } from '../../capture/diagnosis/index.ts'
import { type TracedTransfer, transferFromTrace } from '../../capture/from-trace.ts'
import type { Digests, Done, FoundDiagnosis, Job } from './work.ts'

const PIECE_BYTES = 1 << 20

giveWay()
parentPort?.on('message', (job: Job) => parentPort?.postMessage(done(job)))

function done(job: Job): Done {
  try {
    return job.type === 'digest' ? { digests: digestsOf(job.fd) } : { diagnosis: diagnosisOf(job.traced, job.words) }
  } catch (error) {
    return { failed: (error as Error).message }
  }
}

function digestsOf(fd: number): Digests {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')]
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  let checksum = 0
  for (let position = 0; ; ) {
    const length = readSync(fd, piece, 0, piece.length, position)
    if (length === 0) break
    const bytes = piece.subarray(0, length)
    sha256.update(bytes)
    md5.update(bytes)
    checksum = crc32(bytes, checksum)
    position += length
  }
  return { sha256: sha256.digest('hex'), md5: md5.digest('hex'), crc32: checksum.toString(16).padStart(8, '0') }
}

function diagnosisOf(traced: TracedTransfer, words: Uint32Array): FoundDiagnosis {
  const { outcome, causes, holes } = diagnose(transferFromTrace(traced, words))
  return {
    outcome,
    causes: causes.map(({ id, confidence, title, advice, evidence }) => ({
      id,
      confidence: Math.round(confidence * 100) / 100,
      explanation: title,
      advice,
      evidence: evidence.map(({ text }) => text),
    })),
    holes,
  }
}
