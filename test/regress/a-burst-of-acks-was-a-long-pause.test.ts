/**
 * Four ACKs of an upload were lost in a row: the last one and its three repeats. Rule R3 then left room for the client's timer, and nothing
 * happened for six seconds. The same where the first block took the client a while: that time counted as a round trip, and the first repeat waited for it (rule R5).
 */
import { expect, test } from 'vitest'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import { dropNth } from '../../src/lab/fault/drop-nth.ts'
import { Rng } from '../../src/lab/rng.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'
import { LockstepUploader } from '../../src/lab/uploader/lockstep.ts'

function longestGapMs(lost: number[], firstBlockAfterMs: number): number {
  const image = patternedImage(20 * 512 + 10, 1)
  const client = new LockstepUploader(
    { image },
    {
      mode: 'octet',
      options: [],
      requestEveryMs: 5000,
      requests: 5,
      timeoutMs: 20_000,
      retries: 5,
      firstBlockAfterMs,
      otherAck: 'ignore',
    },
  )
  const { verdict, longestGapMs: gapMs } = runUpload({
    client,
    server: STORERS.foresend.make(new Rng(1)),
    image,
    up: { delayMs: 0.1 },
    down: { delayMs: 0.1, faults: [dropNth(lost)] },
    limits: { untilMs: 600_000, maxDatagrams: 10_000 },
  })
  expect(verdict.kind).toBe('intact')
  return gapMs
}

test.each([1, 2, 3, 4])('R5: %d ACKs lost in a row cost less than a second', (count) => {
  expect(
    longestGapMs(
      Array.from({ length: count }, (_, i) => 11 + i),
      0,
    ),
  ).toBeLessThan(1000)
})

test('R5: what the first block took is no round trip', () => {
  // The wait for block 1 itself is the client's.
  expect(longestGapMs([3], 600)).toBeLessThan(700)
})
