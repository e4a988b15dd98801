/**
 * The card of a client that uploads shows each frame only when the next one comes. Each ACK was seen when it left again, 250 ms later: half a minute
 * for 60 kB. The first repeat follows such a client's round trip now, and not one datagram more leaves (rule R5).
 */
import { describe, expect, test } from 'vitest'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import { rxOneBehind } from '../../src/lab/fault/rx-hold.ts'
import { Rng } from '../../src/lab/rng.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { LockstepUploader } from '../../src/lab/uploader/lockstep.ts'
import { UPLOADERS } from '../../src/lab/uploader/catalogue.ts'

const image = patternedImage(120 * 512 + 10, 1)
const LIMITS = { untilMs: 600_000, maxDatagrams: 10_000 }

/** Uploads from `client`, and counts the ACKs that leave. */
function upload(client: Parameters<typeof runUpload>[0]['client']): ReturnType<typeof runUpload> {
  let acks = 0
  const result = runUpload({
    client,
    server: STORERS.foresend.make(new Rng(1)),
    image,
    up: { delayMs: 1 },
    down: { delayMs: 1, faults: [rxOneBehind()], tap: { sent: () => acks++, arrived: () => {} } },
    limits: LIMITS,
  })
  expect(result.verdict.kind).toBe('intact')
  // Each ACK twice: what the card needs.
  expect(acks).toBeLessThan(2 * 121 + 4)
  return result
}

describe('R5: a card that shows each ACK with the next one', () => {
  test.each(['strict', 'tftp-hpa', 'cisco-ios'] as const)('%s uploads by its round trip', (name) => {
    expect(upload(UPLOADERS[name].make({ image })).ms).toBeLessThan(10_000)
  })

  test('a client that sends on each ACK, whatever its number, gets no repeat more than before', () => {
    const client = new LockstepUploader(
      { image },
      {
        mode: 'octet',
        options: [],
        requestEveryMs: 5000,
        requests: 5,
        timeoutMs: 5000,
        retries: 5,
        firstBlockAfterMs: 0,
        otherAck: 'next',
      },
    )
    upload(client)
  })
})
