/**
 * A client that says nothing to repeats and to blocks ahead is silent until the block that it lacks comes, and answers at once then. Each wait was a
 * pause of the client that ended by chance one round trip behind a repeat: a dozen lost bursts were those of a healthy link and a busy host.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { LockstepClient } from '../../src/lab/client/lockstep.ts'
import { loss } from '../../src/lab/fault/loss.ts'
import { playClient } from '../diagnosis/client-case.ts'
import { mainOf } from '../diagnosis/lab-case.ts'

test.each([2, 3, 4])('bursts of six in a window of eight, seed %i', (seed) => {
  const { transfers } = playClient({
    client: (sizeBytes) =>
      new LockstepClient(
        { sizeBytes },
        {
          options: [],
          requestEveryMs: 2000,
          requests: 6,
          timeoutMs: 2000,
          retries: 10,
          onExpiry: 'acknowledge',
          needsOack: false,
          ahead: 'ignore',
          repeat: 'ignore',
          older: 'ignore',
          unasked: 'ignore',
          dallyMs: 0,
          late: 'silent',
        },
      ),
    server: 'foresend-window-8',
    sizeBytes: 1_569_999,
    seed,
    link: { delayMs: 0.0861 },
    faults: (rng) => ({ down: [loss({ p: 0.0241, burst: 6 }, rng)] }),
  })
  expect(diagnose(mainOf(transfers)!).causes[0]?.id).toBe('data-loss')
})
