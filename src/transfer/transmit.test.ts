import { describe, expect, test } from 'vitest'
import { COUNTER, type SenderSink } from './contract.ts'
import { anticipation } from './policy/anticipation.ts'
import { negotiated } from './policy/negotiated.ts'
import { clearSlot, isSent } from './scoreboard.ts'
import { SenderState } from './sender-state.ts'
import { advanceTo, carryOut, pace, rewind, sendUpTo } from './transmit.ts'
import { isWrapZero, nearWrap } from './wrap.ts'

/** What leaves for the record of a sender, as `[ms, first, count]`, and what its policy is notified of. */
function bench(options: { copies?: number; gapMs?: number; cumulative?: boolean } = {}) {
  const { cumulative = true, ...policyOptions } = options
  const left: [number, number, number][] = []
  const notified: [number, boolean][] = []
  let now = 0
  const sink: SenderSink = {
    sendBlocks: (first, count) => void left.push([now, first, count]),
    sendControl: () => {},
    deadline: () => {},
    ended: () => {},
    notice: () => {},
  }
  const policy = cumulative
    ? negotiated({ windowBlocks: 8, ...policyOptions })
    : anticipation({ windowBlocks: 8, ...policyOptions })
  policy.sent = (_now, seq, repeat) => void notified.push([seq, repeat])
  const config = {
    sizeBytes: 512 * 1000,
    blksize: 512,
    rollover: 0,
    oack: undefined,
    near: true,
    clientTimeoutMs: 1000,
    addressValidated: false,
    label: 'a test',
  } as const
  const s = new SenderState(config, policy, sink)
  /** Blocks up to `end - 1` leave in their turn. */
  const upTo = (end: number) => sendUpTo(s, now, end)
  const repeat = (seq: number) => carryOut(s, now, { type: 'repeat', seq })
  const beyond = (seq: number) => carryOut(s, now, { type: 'beyond', seq })
  const pass = (until: number) => {
    while (s.paceAt <= until) {
      now = Math.max(now, s.paceAt)
      pace(s, now)
    }
    now = until
  }
  return { s, left, notified, counters: s.counters, pass, upTo, repeat, beyond, at: (ms: number) => (now = ms) }
}

describe('a run', () => {
  test('leaves in one call when nothing is to be kept apart', () => {
    const { s, left, notified, counters, upTo } = bench()
    upTo(6)
    expect(left).toEqual([[0, 1, 5]])
    expect(notified.map(([seq]) => seq)).toEqual([1, 2, 3, 4, 5])
    expect(s).toMatchObject({ highestSent: 5, nextToSend: 6, repeated: false, paceAt: Infinity })
    expect(counters[COUNTER.blocks]).toBe(5)
    expect(counters[COUNTER.datagrams]).toBe(5)
  })

  test('is spread by the gap, beginning at once', () => {
    const { left, pass, upTo } = bench({ gapMs: 2 })
    upTo(4)
    pass(100)
    expect(left).toEqual([
      [0, 1, 1],
      [2, 2, 1],
      [4, 3, 1],
    ])
  })

  test('sends each block `copies` times, the gap between any two', () => {
    const { left, pass, counters, upTo } = bench({ copies: 2, gapMs: 1 })
    upTo(3)
    pass(100)
    expect(left).toEqual([
      [0, 1, 1],
      [1, 1, 1],
      [2, 2, 1],
      [3, 2, 1],
    ])
    expect(counters[COUNTER.datagrams]).toBe(4)
    expect(counters[COUNTER.retransmitted]).toBe(2)
    expect(counters[COUNTER.blocks]).toBe(2)
  })

  test('without a gap the copies leave at once', () => {
    const { left, upTo } = bench({ copies: 3 })
    upTo(3)
    expect(left.map(([, first]) => first)).toEqual([1, 1, 1, 2, 2, 2])
  })

  test('that follows on the one under way is appended to it', () => {
    const { left, pass, at, upTo } = bench({ gapMs: 2 })
    upTo(3)
    at(1)
    upTo(4)
    pass(100)
    expect(left).toEqual([
      [0, 1, 1],
      [2, 2, 1],
      [4, 3, 1],
    ])
  })

  test('keeps its distance from what left just before', () => {
    const { left, pass, at, upTo } = bench({ gapMs: 4 })
    upTo(2)
    at(1)
    upTo(3)
    pass(100)
    expect(left).toEqual([
      [0, 1, 1],
      [4, 2, 1],
    ])
  })

  test('leaves out copies of what was confirmed meanwhile', () => {
    const { s, left, pass, at, upTo } = bench({ copies: 3, gapMs: 1 })
    upTo(3)
    at(0.5)
    advanceTo(s, 2)
    pass(100)
    expect(left.filter(([, first]) => first === 1)).toHaveLength(1)
    expect(left.filter(([, first]) => first === 2)).toHaveLength(3)
  })

  test('is dropped when everything will leave again', () => {
    const { s, left, pass, upTo } = bench({ gapMs: 2 })
    upTo(6)
    rewind(s)
    pass(100)
    expect(left).toHaveLength(1)
    expect(s).toMatchObject({ paceAt: Infinity, nextToSend: 1 })
  })
})

describe('an action', () => {
  test('that sends the block ahead takes it as sent in its turn, alone and at once', () => {
    const { s, left, upTo } = bench({ copies: 3, gapMs: 5, cumulative: false })
    upTo(2)
    carryOut(s, 0, { type: 'ahead' })
    expect(left).toEqual([
      [0, 1, 1],
      [0, 2, 1],
    ])
    expect(s.nextToSend).toBe(3)
  })

  test('that nudges sends the block before its partner when it is told to (A7)', () => {
    const { s, left, upTo } = bench({ cumulative: false })
    upTo(4)
    carryOut(s, 0, { type: 'nudge', partner: 2, first: 0 })
    carryOut(s, 0, { type: 'nudge', partner: 2, first: 3 })
    expect(left.slice(1).map(([, first]) => first)).toEqual([2, 3, 2])
    expect(s.nextToSend).toBe(4)
  })
})

describe('what counts as a repeat', () => {
  test('anything up to the highest block', () => {
    const { s, notified, counters, upTo, repeat, at } = bench()
    upTo(4)
    at(5)
    repeat(2)
    expect(notified.at(-1)).toEqual([2, true])
    expect(s).toMatchObject({ repeated: true, lastRepeat: 2, lastSentAt: 5, highestSent: 3 })
    expect(counters[COUNTER.retransmitted]).toBe(1)
  })

  test('but not a block below it that was withheld (A1, N4)', () => {
    for (const cumulative of [false, true]) {
      const { s, notified, counters, upTo, beyond, repeat } = bench({ cumulative })
      upTo(2)
      beyond(3)
      repeat(2)
      expect(notified).toEqual([
        [1, false],
        [3, false],
        [2, false],
      ])
      expect(counters[COUNTER.blocks]).toBe(3)
      expect(s.repeated).toBe(false)
    }
  })

  test('a confirmed block is one whose slot is gone', () => {
    const { s, notified, upTo, repeat } = bench({ cumulative: false })
    upTo(3)
    clearSlot(s.board, 1)
    advanceTo(s, 2)
    repeat(1)
    expect(notified.at(-1)).toEqual([1, true])
    expect(isSent(s.board, 1)).toBe(false)
  })

  test('A11: copies are not held against the link', () => {
    const { s, notified, upTo } = bench({ copies: 2 })
    upTo(3)
    expect(notified).toEqual([
      [1, false],
      [2, false],
    ])
    expect(s.repeated).toBe(true)
  })
})

describe('A12: where the block number wraps', () => {
  const alone = (rollover: 0 | 1, from: number, to: number) => {
    const found: number[] = []
    for (let seq = from; seq <= to; seq++) if (nearWrap(seq, rollover)) found.push(seq)
    return found
  }

  test('two blocks on either side, each time, and none at the beginning', () => {
    expect(alone(0, 1, 131_080)).toEqual([65_534, 65_535, 65_536, 65_537, 131_070, 131_071, 131_072, 131_073])
    // Rollover to 1 has a cycle of 65535.
    expect(alone(1, 1, 131_080)).toEqual([65_534, 65_535, 65_536, 65_537, 131_069, 131_070, 131_071, 131_072])
  })

  test('wire block 0 exists with rollover 0 only, and seq 0 is none', () => {
    const zeros = (rollover: 0 | 1) =>
      [0, 1, 65_535, 65_536, 65_537, 131_070, 131_072].filter((seq) => isWrapZero(seq, rollover))
    expect(zeros(0)).toEqual([65_536, 131_072])
    expect(zeros(1)).toEqual([])
  })
})
