/**
 * A client that stores a file repeated its block, and the ACKs to it were lost. Our server gave up after 30 s, while the client still spoke; and behind the
 * last block it closed 10 s after its first ACK, so that the second repeat of a client with a timer of 9 s got ERROR 5, although the file was stored (rule R5).
 */
import { describe, expect, test } from 'vitest'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import type { Fault } from '../../src/lab/link.ts'
import { Rng } from '../../src/lab/rng.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { LockstepUploader } from '../../src/lab/uploader/lockstep.ts'

const BLOCKS = 20
const BLOCK_MS = 0.2

/** Everything that leaves in this time is lost. */
function silence(fromMs: number, toMs: number): Fault {
  return {
    type: 'drop-nth',
    side: 'sending',
    apply: (now, frame, out) => {
      if (now < fromMs || now >= toMs) out.pass(frame, 0)
    },
  }
}

function store(timeoutMs: number, fault: Fault) {
  const image = patternedImage((BLOCKS - 1) * 512 + 10, 1)
  const client = new LockstepUploader(
    { image },
    {
      mode: 'octet',
      options: [],
      requestEveryMs: 5000,
      requests: 5,
      timeoutMs,
      retries: 20,
      firstBlockAfterMs: 0,
      otherAck: 'ignore',
    },
  )
  const server = STORERS.foresend.make(new Rng(1))
  const { verdict, ms } = runUpload({
    client,
    server,
    image,
    up: { delayMs: 0.1 },
    down: { delayMs: 0.1, faults: [fault] },
    limits: { untilMs: 600_000, maxDatagrams: 10_000 },
  })
  return { kind: verdict.kind, ms }
}

describe('R5: a client that repeats its block is alive', () => {
  test.each([31_000, 60_000, 90_000])('no ACK reaches it for %d ms', (ms) => {
    expect(store(5000, silence(10 * BLOCK_MS, ms)).kind).toBe('intact')
  })

  test('four times the patience is enough', () => {
    const { kind, ms } = store(9000, silence(10 * BLOCK_MS, Infinity))
    expect(kind).toBe('both-know-it-failed')
    expect(ms).toBeLessThan(200_000)
  })

  test('the last ACK is lost, and the one after the first repeat', () => {
    // The file is stored within 200 ms.
    expect(store(9000, silence(BLOCKS * BLOCK_MS + 0.1, 10_000)).kind).toBe('intact')
  })
})
