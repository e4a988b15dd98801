/**
 * Each time the device works for the same few milliseconds, and then nothing reaches it until it speaks. One run of a hundred that began while the
 * server asked ahead was of another length: then no time was looked for, and a rhythm of pauses, which such outages keep as well, was likelier.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { LockstepClient } from '../../src/lab/client/lockstep.ts'
import { arpSilent } from '../../src/lab/fault/arp-silent.ts'
import { playClient } from '../diagnosis/client-case.ts'
import { mainOf } from '../diagnosis/lab-case.ts'

test.each([6.15, 9, 14])('outages after %f ms', (afterMs) => {
  const { transfers } = playClient({
    client: (sizeBytes) =>
      new LockstepClient(
        { sizeBytes },
        {
          options: [{ name: 'blksize', value: '512' }],
          requestEveryMs: 1000,
          requests: 6,
          timeoutMs: 1000,
          retries: 5,
          onExpiry: 'acknowledge',
          needsOack: false,
          ahead: 'ignore',
          repeat: 'acknowledge',
          older: 'error-5',
          unasked: 'error-8',
          dallyMs: 0,
          late: 'silent',
        },
      ),
    server: 'foresend-lock-step',
    sizeBytes: 433_886,
    seed: 1,
    link: { delayMs: 0.299 },
    faults: () => {
      const { up, down } = arpSilent({ afterMs, revives: true })
      return { up: [up], down: [down] }
    },
  })
  const [first] = diagnose(mainOf(transfers)!).causes
  expect(first?.id).toBe('arp-silent')
  expect(first?.evidence[0].text).toMatch(/works for about \d+ ms/)
})
