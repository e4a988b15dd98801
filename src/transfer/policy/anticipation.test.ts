import { describe, expect, test } from 'vitest'
import { anticipation, anticipationBlocks } from './anticipation.ts'

describe('anticipation', () => {
  test('acknowledgements count block by block, nudges are allowed', () => {
    expect(anticipation({ windowBlocks: 3 })).toMatchObject({
      type: 'anticipation',
      cumulative: false,
      nudges: true,
      windowBlocks: 3,
      copies: 1,
      gapMs: 0,
    })
  })

  test('A6: 10 ms at the least, 250 ms the first time, no ceiling of its own', () => {
    expect(anticipation({ windowBlocks: 1 })).toMatchObject({
      rtoMinMs: 10,
      firstRtoMs: 250,
      rtoMaxMs: Infinity,
    })
  })

  test('what the user says about the timer holds', () => {
    expect(anticipation({ windowBlocks: 2, copies: 2, gapMs: 1.5, rtoMs: 40 })).toMatchObject({
      copies: 2,
      gapMs: 1.5,
      rtoMinMs: 40,
      firstRtoMs: 40,
    })
  })

  test('A10: a refusal closes the window', () => {
    const policy = anticipation({ windowBlocks: 4 })
    policy.refused(0)
    expect(policy.windowBlocks).toBe(1)
  })
})

describe('A11: more than one in six of 200 blocks', () => {
  /** 200 new blocks, the first `repeats` of them sent again. */
  const round = (policy: ReturnType<typeof anticipation>, repeats: number) => {
    for (let seq = 1; seq <= 200; seq++) {
      if (seq <= repeats) policy.sent(0, seq, true)
      policy.sent(0, seq, false)
    }
    return policy.windowBlocks
  }

  test('33 of 200 keep the window, 34 close it', () => {
    expect(round(anticipation({ windowBlocks: 4 }), 33)).toBe(4)
    expect(round(anticipation({ windowBlocks: 4 }), 34)).toBe(1)
  })

  test('each 200 are counted for themselves', () => {
    const policy = anticipation({ windowBlocks: 4 })
    for (let i = 0; i < 10; i++) expect(round(policy, 30)).toBe(4)
    expect(round(policy, 40)).toBe(1)
  })

  test('nothing is concluded from fewer', () => {
    const policy = anticipation({ windowBlocks: 4 })
    for (let seq = 1; seq < 200; seq++) {
      policy.sent(0, seq, false)
      policy.sent(0, seq, true)
    }
    expect(policy.windowBlocks).toBe(4)
  })

  test('lock-step stays what it is', () => {
    expect(round(anticipation({ windowBlocks: 1 }), 200)).toBe(1)
  })

  test('two transfers do not count for each other', () => {
    const one = anticipation({ windowBlocks: 4 })
    const other = anticipation({ windowBlocks: 4 })
    for (let i = 0; i < 40; i++) one.sent(0, 1, true)
    expect(round(other, 0)).toBe(4)
    expect(round(one, 0)).toBe(1)
  })
})

test.each([
  [1000, 512, 2],
  [511, 512, 1],
  [512, 512, 2],
  [0, 512, 1],
  [8192, 1468, 6],
])('%i bytes of %i are %i blocks, as Tftpd64 counts', (windowBytes, blksize, blocks) => {
  expect(anticipationBlocks(windowBytes, blksize)).toBe(blocks)
})
