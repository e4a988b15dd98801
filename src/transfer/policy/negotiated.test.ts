import { expect, test } from 'vitest'
import { negotiated } from './negotiated.ts'

test('RFC 7440: the windowsize of the OACK, read cumulatively', () => {
  expect(negotiated({ windowBlocks: 16 })).toMatchObject({
    type: 'negotiated',
    cumulative: true,
    windowBlocks: 16,
    copies: 1,
    gapMs: 0,
    rtoMinMs: 10,
    rtoMaxMs: Infinity,
  })
})

test('what the user says holds', () => {
  expect(negotiated({ windowBlocks: 16, copies: 2, gapMs: 0.5, rtoMs: 30 })).toMatchObject({
    copies: 2,
    gapMs: 0.5,
    rtoMinMs: 30,
    firstRtoMs: 30,
  })
})

test("losses do not shrink the window: it is the client's", () => {
  const policy = negotiated({ windowBlocks: 16 })
  for (let seq = 1; seq < 1000; seq++) {
    policy.sent(0, seq, true)
    policy.gap(0, seq)
    policy.timeout(0, seq)
  }
  expect(policy.windowBlocks).toBe(16)
})
