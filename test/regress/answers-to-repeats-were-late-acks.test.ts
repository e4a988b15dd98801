/**
 * A client that acknowledges older blocks again answers the repeat of a block whose ACK was lost. Of clients that are not known to do so each such
 * answer was the first ACK, overtaken on its way: each one overtaken just until the answer to the repeat was due.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { LockstepClient } from '../../src/lab/client/lockstep.ts'
import { FAULTS } from '../../src/lab/index.ts'
import { playClient } from '../diagnosis/client-case.ts'
import { mainOf } from '../diagnosis/lab-case.ts'

test.each([1, 2, 3])('one that is silent on repeats of the last block alone, seed %i', (seed) => {
  const { transfers } = playClient({
    client: (sizeBytes) =>
      new LockstepClient(
        { sizeBytes },
        {
          options: [],
          requestEveryMs: 3000,
          requests: 6,
          timeoutMs: 3000,
          retries: 10,
          onExpiry: 'wait',
          needsOack: false,
          ahead: 'ignore',
          repeat: 'ignore',
          older: 'acknowledge',
          unasked: 'ignore',
          dallyMs: 0,
          late: 'silent',
        },
      ),
    server: 'foresend-window-2',
    sizeBytes: 1_166_682,
    seed,
    link: { delayMs: 0.377, rateBytesPerSec: 1_250_000 },
    faults: (rng) => FAULTS['ack-loss'](rng, 0.02),
  })
  const ids = diagnose(mainOf(transfers)!).causes.map(({ id }) => id)
  expect(ids.slice(0, 2)).toContain('ack-loss')
  expect(ids).not.toContain('reorder')
})
