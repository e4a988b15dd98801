import { describe, expect, test } from 'vitest'
import { COUNTER, newCounters, type SenderSink } from './contract.ts'
import { isWrapZero, nearWrap, Pacer } from './pacer.ts'
import { anticipation } from './policy/anticipation.ts'
import { Scoreboard } from './scoreboard.ts'

/** An pacer, what left it as `[ms, first, count]`, and what the policy heard of. */
function bench(options: { copies?: number; gapMs?: number; board?: Scoreboard } = {}) {
  const { board, ...policyOptions } = options
  const left: [number, number, number][] = []
  const heard: [number, boolean][] = []
  let now = 0
  const sink: SenderSink = {
    sendBlocks: (first, count) => void left.push([now, first, count]),
    sendControl: () => {},
    deadline: () => {},
    ended: () => {},
    notice: () => {},
  }
  const policy = anticipation({ windowBlocks: 8, ...policyOptions })
  policy.sent = (_now, seq, repeat) => void heard.push([seq, repeat])
  const counters = newCounters()
  const pacer = new Pacer(sink, policy, counters, board)
  const pass = (until: number, confirmed = 0) => {
    while (pacer.dueAt <= until) {
      now = Math.max(now, pacer.dueAt)
      pacer.pace(now, confirmed)
    }
    now = until
  }
  return { pacer, left, heard, counters, pass, at: (ms: number) => (now = ms) }
}

describe('a run', () => {
  test('leaves in one call when nothing is to be kept apart', () => {
    const { pacer, left, heard, counters } = bench()
    pacer.run(0, 1, 5, false)
    expect(left).toEqual([[0, 1, 5]])
    expect(heard.map(([seq]) => seq)).toEqual([1, 2, 3, 4, 5])
    expect(pacer).toMatchObject({ highest: 5, repeated: false, dueAt: Infinity })
    expect(counters[COUNTER.blocks]).toBe(5)
    expect(counters[COUNTER.datagrams]).toBe(5)
  })

  test('is spread by the gap, beginning at once', () => {
    const { pacer, left, pass } = bench({ gapMs: 2 })
    pacer.run(0, 1, 3, false)
    pass(100)
    expect(left).toEqual([
      [0, 1, 1],
      [2, 2, 1],
      [4, 3, 1],
    ])
  })

  test('sends each block `copies` times, the gap between any two', () => {
    const { pacer, left, pass, counters } = bench({ copies: 2, gapMs: 1 })
    pacer.run(0, 1, 2, false)
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
    const { pacer, left } = bench({ copies: 3 })
    pacer.run(0, 1, 2, false)
    expect(left.map(([, first]) => first)).toEqual([1, 1, 1, 2, 2, 2])
  })

  test('that is plain knows neither copies nor gap (A5, A12)', () => {
    const { pacer, left } = bench({ copies: 3, gapMs: 5 })
    pacer.run(0, 1, 4, true)
    expect(left).toEqual([[0, 1, 4]])
  })

  test('that follows on the one under way is appended to it', () => {
    const { pacer, left, pass, at } = bench({ gapMs: 2 })
    pacer.run(0, 1, 2, false)
    at(1)
    pacer.run(1, 3, 1, false)
    pass(100)
    expect(left).toEqual([
      [0, 1, 1],
      [2, 2, 1],
      [4, 3, 1],
    ])
  })

  test('keeps its distance from what left just before', () => {
    const { pacer, left, pass, at } = bench({ gapMs: 4 })
    pacer.run(0, 1, 1, false)
    at(1)
    pacer.run(1, 2, 1, false)
    pass(100)
    expect(left).toEqual([
      [0, 1, 1],
      [4, 2, 1],
    ])
  })

  test('leaves out copies of what was confirmed meanwhile', () => {
    const { pacer, left, pass, at } = bench({ copies: 3, gapMs: 1 })
    pacer.run(0, 1, 2, false)
    at(0.5)
    pass(100, 1)
    expect(left.filter(([, first]) => first === 1)).toHaveLength(1)
    expect(left.filter(([, first]) => first === 2)).toHaveLength(3)
  })

  test('can be dropped', () => {
    const { pacer, left, pass } = bench({ gapMs: 2 })
    pacer.run(0, 1, 5, false)
    pacer.drop()
    pass(100)
    expect(left).toHaveLength(1)
    expect(pacer.dueAt).toBe(Infinity)
  })
})

describe('what counts as a repeat', () => {
  test('anything up to the highest block', () => {
    const { pacer, heard, counters } = bench()
    pacer.run(0, 1, 3, false)
    pacer.once(5, 2)
    expect(heard.at(-1)).toEqual([2, true])
    expect(pacer).toMatchObject({ repeated: true, lastAt: 5, highest: 3 })
    expect(counters[COUNTER.retransmitted]).toBe(1)
  })

  test('but not a block below it that was withheld (A1)', () => {
    const { pacer, heard, counters } = bench({ board: new Scoreboard(16) })
    pacer.run(0, 1, 1, false)
    pacer.once(1, 3)
    pacer.once(2, 2)
    expect(heard).toEqual([
      [1, false],
      [3, false],
      [2, false],
    ])
    expect(counters[COUNTER.blocks]).toBe(3)
    expect(pacer.repeated).toBe(false)
  })

  test('a confirmed block is one whose slot is gone', () => {
    const board = new Scoreboard(8)
    const { pacer, heard } = bench({ board })
    pacer.run(0, 1, 2, false)
    board.clear(1)
    pacer.confirmedBelow(2)
    pacer.once(3, 1)
    expect(heard.at(-1)).toEqual([1, true])
    expect(board.isSent(1)).toBe(false)
  })

  test('A11: copies are not held against the link', () => {
    const { pacer, heard } = bench({ copies: 2 })
    pacer.run(0, 1, 2, false)
    expect(heard).toEqual([
      [1, false],
      [2, false],
    ])
    expect(pacer.repeated).toBe(true)
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
