import { expect, test } from 'vitest'
import { strict } from './strict.ts'

test("RFC 1350: one block, one datagram, the client's timeout to the letter (A6)", () => {
  expect(strict(5000)).toMatchObject({
    type: 'strict',
    cumulative: false,
    nudges: false,
    windowBlocks: 1,
    copies: 1,
    gapMs: 0,
    rtoMinMs: 5000,
    rtoMaxMs: 5000,
    firstRtoMs: 5000,
  })
})

test('it learns nothing from what it hears', () => {
  const policy = strict(5000)
  const before = JSON.stringify(policy)
  for (let seq = 1; seq < 500; seq++) {
    policy.sent(seq, seq, true)
    policy.gap(seq, seq)
    policy.timeout(seq, seq)
    policy.acked(seq, seq, 1)
    policy.recovered(seq, seq, 'nudge')
    policy.refused(seq)
  }
  expect(JSON.stringify(policy)).toBe(before)
})
