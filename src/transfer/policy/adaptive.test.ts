import { describe, expect, test } from 'vitest'
import type { WindowPolicy } from '../contract.ts'
import { adaptive } from './adaptive.ts'

const RTT_MS = 0.2

/** Sends and confirms blocks at a pace that depends on the window, from `start` on; returns the time. */
function confirm(
  policy: WindowPolicy,
  start: number,
  blocks: number,
  msPerBlock: (policy: WindowPolicy) => number,
): number {
  let now = start
  for (let i = 0; i < blocks; i++) {
    policy.sent(now, i, false)
    now += msPerBlock(policy)
    policy.acked(now, i, RTT_MS)
  }
  return now
}

/** Three stalls within a few blocks, each ended by us, 10 ms each. */
function stalls(policy: WindowPolicy, start = 0, by: 'nudge' | 'client' | 'ack' = 'nudge'): number {
  let now = start
  for (let i = 0; i < 3; i++) {
    now = confirm(policy, now + 10, 1, () => 0.2)
    policy.recovered(now, i, by)
    now = confirm(policy, now, 20, () => 0.2)
  }
  return now
}

describe('adaptive', () => {
  test('stays in lock-step while nothing stalls', () => {
    const policy = adaptive()
    confirm(policy, 0, 5000, () => 0.2)
    expect(policy.windowBlocks).toBe(1)
    expect(policy.learnt?.()).toBeUndefined()
  })

  test.each(['client', 'ack'] as const)('a stall that ended by itself (%s) is no evidence', (by) => {
    const policy = adaptive()
    stalls(policy, 0, by)
    expect(policy.windowBlocks).toBe(1)
  })

  test('three stalls more than 500 blocks apart are no evidence', () => {
    const policy = adaptive()
    let now = 0
    for (let i = 0; i < 3; i++) {
      policy.recovered(now, i, 'nudge')
      now = confirm(policy, now, 300, () => 0.2)
    }
    expect(policy.windowBlocks).toBe(1)
  })

  test('on a way with long round trips stalls open nothing: order could not be proved in time', () => {
    const policy = adaptive()
    for (let i = 0; i < 200; i++) {
      policy.acked(i * 20, i, 20)
      if (i % 10 === 9) policy.recovered(i * 20, i, 'resend')
    }
    expect(policy.windowBlocks).toBe(1)
  })

  test('a window is closed when the round trips become long, and not for one late answer', () => {
    const policy = adaptive({ learnt: { windowBlocks: 8, gapMs: 0 } })
    for (let i = 0; i < 50; i++) policy.acked(i, i, 1)
    policy.acked(50, 50, 60)
    expect(policy.windowBlocks).toBe(8)
    for (let i = 51; i < 80; i++) policy.acked(i * 20, i, 20)
    expect(policy.windowBlocks).toBe(1)
    expect(policy.learnt?.()).toBeUndefined()
  })

  test('three stalls within 500 blocks open a window of 2, and it grows while that is faster', () => {
    const policy = adaptive()
    const now = stalls(policy)
    expect(policy.windowBlocks).toBe(2)
    // Up to eight blocks the device keeps up.
    confirm(policy, now, 3000, (p) => 0.2 / Math.min(8, p.windowBlocks))
    expect(policy.learnt?.()).toEqual({ windowBlocks: 8, gapMs: 0 })
  })

  test('a window that is no faster is closed again', () => {
    const policy = adaptive()
    const now = stalls(policy)
    confirm(policy, now, 400, () => 0.7)
    expect(policy.windowBlocks).toBe(1)
    expect(policy.learnt?.()).toBeUndefined()
  })

  test('a window that makes it crawl is closed before its trial is over', () => {
    const policy = adaptive()
    const now = stalls(policy)
    confirm(policy, now, 30, () => 20)
    expect(policy.windowBlocks).toBe(1)
  })

  test('a device that refuses what it did not ask for gets lock-step for good', () => {
    const policy = adaptive()
    let now = stalls(policy)
    policy.refused(now)
    expect(policy.windowBlocks).toBe(1)
    now = stalls(policy, now)
    expect(policy.windowBlocks).toBe(1)
  })

  test('A11: a window full of gaps is tried with its blocks half a round trip apart', () => {
    const policy = adaptive({ learnt: { windowBlocks: 32, gapMs: 0 } })
    let now = confirm(policy, 0, 210, () => 0.5)
    for (let i = 0; i < 250 && policy.gapMs === 0; i++) {
      if (i % 10 === 4) policy.gap(now, i)
      now = confirm(policy, now, 1, () => 0.5)
    }
    expect(policy).toMatchObject({ windowBlocks: 2, gapMs: RTT_MS / 2 })
    confirm(policy, now, 60, (p) => (p.gapMs > 0 ? 0.1 : 0.5))
    expect(policy.learnt?.()).toEqual({ windowBlocks: 2, gapMs: RTT_MS / 2 })
  })

  test('A11: a window that was learnt and has every third block sent again is closed when that is no slower', () => {
    const policy = adaptive({ learnt: { windowBlocks: 8, gapMs: 0 } })
    let now = 0
    for (let i = 0; i < 2000; i++) {
      if (policy.windowBlocks > 1 && i % 3 === 0) policy.sent(now, i, true)
      now = confirm(policy, now, 1, (p) => (p.gapMs > 0 ? 2 : 0.5))
    }
    expect(policy.windowBlocks).toBe(1)
    expect(policy.learnt?.()).toBeUndefined()
  })

  test('A11: it stays open when lock-step is much slower', () => {
    const policy = adaptive({ learnt: { windowBlocks: 8, gapMs: 0 } })
    let now = 0
    for (let i = 0; i < 4000; i++) {
      if (policy.windowBlocks > 1 && i % 3 === 0) policy.sent(now, i, true)
      now = confirm(policy, now, 1, (p) => (p.windowBlocks < 8 ? 2 : 0.5))
    }
    expect(policy.learnt?.()).toEqual({ windowBlocks: 8, gapMs: 0 })
  })

  test('a window that failed is tried with its blocks apart the next time', () => {
    const policy = adaptive()
    const only = (p: WindowPolicy) => (p.windowBlocks > 1 && p.gapMs === 0 ? 20 : 0.2 / p.windowBlocks)
    let now = confirm(policy, stalls(policy), 1000, only)
    expect(policy.windowBlocks).toBe(1)
    now = stalls(policy, now)
    expect(policy).toMatchObject({ windowBlocks: 2, gapMs: RTT_MS / 2 })
    confirm(policy, now, 60, only)
    expect(policy.learnt?.()).toEqual({ windowBlocks: 2, gapMs: RTT_MS / 2 })
  })

  test('and with a longer pause when that fails too', () => {
    const policy = adaptive()
    let now = stalls(policy)
    for (let i = 0; i < 2; i++)
      now = stalls(
        policy,
        confirm(policy, now, 2000, (p) => (p.windowBlocks > 1 ? 20 : 0.2)),
      )
    expect(policy).toMatchObject({ windowBlocks: 2, gapMs: expect.closeTo(RTT_MS * 0.75) })
  })

  test('windows that fail are tried twice as seldom each time', () => {
    const policy = adaptive()
    let now = 0
    let trials = 0
    for (let blocks = 0; blocks < 16_000; blocks += 100) {
      const before = policy.windowBlocks
      now = stalls(policy, now)
      if (before === 1 && policy.windowBlocks > 1) trials++
      now = confirm(policy, now, 40, (p) => (p.windowBlocks > 1 ? 20 : 0.2))
    }
    expect(trials).toBeLessThanOrEqual(6)
  })

  test('during a trial what is learnt is the window before it', () => {
    const policy = adaptive({ learnt: { windowBlocks: 4, gapMs: 0 } })
    confirm(policy, 0, 250, () => 0.2)
    expect(policy.windowBlocks).toBe(8)
    expect(policy.learnt?.()).toEqual({ windowBlocks: 4, gapMs: 0 })
  })

  test('a pause that the user set is the least there is', () => {
    const policy = adaptive({ gapMs: 1 })
    stalls(policy)
    expect(policy).toMatchObject({ windowBlocks: 2, gapMs: 1 })
  })

  test('two stalls open nothing', () => {
    const policy = adaptive()
    let now = 0
    for (let i = 0; i < 2; i++) {
      policy.recovered(now, i, 'nudge')
      now = confirm(policy, now, 20, () => 0.2)
    }
    expect(policy.windowBlocks).toBe(1)
  })

  test('the first stall waits for long (A6) and does not make the lock-step behind it look slow', () => {
    const policy = adaptive()
    let now = confirm(policy, 0, 5, () => 0.2)
    now = confirm(policy, now + 250, 1, () => 0.2)
    policy.recovered(now, 0, 'nudge')
    now = confirm(policy, now, 20, () => 0.2)
    for (let i = 1; i < 3; i++) {
      now = confirm(policy, now + 10, 1, () => 0.2)
      policy.recovered(now, i, 'nudge')
      now = confirm(policy, now, 20, () => 0.2)
    }
    expect(policy.windowBlocks).toBe(2)
    // As fast as lock-step was with its short stalls: no reason for a window.
    confirm(policy, now, 300, () => 0.65)
    expect(policy.windowBlocks).toBe(1)
  })

  test('an open window grows for a tenth', () => {
    const policy = adaptive({ learnt: { windowBlocks: 4, gapMs: 0 } })
    const now = confirm(policy, 0, 202, () => 0.2)
    expect(policy.windowBlocks).toBe(8)
    confirm(policy, now, 202, () => 0.18)
    expect(policy.learnt?.()).toEqual({ windowBlocks: 8, gapMs: 0 })
  })

  test('a wide window is tried for 25 windows, because one stall weighs more in it', () => {
    const policy = adaptive({ learnt: { windowBlocks: 16, gapMs: 0 } })
    let now = confirm(policy, 0, 202, () => 0.2)
    expect(policy.windowBlocks).toBe(32)
    now = confirm(policy, now, 790, () => 0.18)
    expect(policy.learnt?.()).toEqual({ windowBlocks: 16, gapMs: 0 })
    confirm(policy, now, 20, () => 0.18)
    expect(policy.learnt?.()).toEqual({ windowBlocks: 32, gapMs: 0 })
  })

  test('a trial may cost as much as five stalls, and no more', () => {
    const policy = adaptive({ learnt: { windowBlocks: 4, gapMs: 0 } })
    let now = confirm(policy, 0, 202, () => 0.2)
    now = confirm(policy, now, 1, () => 0.2)
    // A stall costs 10 ms at the least.
    now = confirm(policy, now, 1, () => 45)
    expect(policy.windowBlocks).toBe(8)
    confirm(policy, now, 1, () => 15)
    expect(policy.windowBlocks).toBe(4)
  })

  test('or as much as a hundred blocks, where that is more', () => {
    const policy = adaptive({ learnt: { windowBlocks: 4, gapMs: 0 } })
    let now = confirm(policy, 0, 202, () => 2)
    now = confirm(policy, now, 1, () => 2)
    now = confirm(policy, now, 1, () => 190)
    expect(policy.windowBlocks).toBe(8)
    confirm(policy, now, 1, () => 30)
    expect(policy.windowBlocks).toBe(4)
  })

  test('after a failure nothing is tried for 500 blocks', () => {
    const policy = adaptive()
    let now = confirm(policy, stalls(policy), 30, () => 20)
    expect(policy.windowBlocks).toBe(1)
    for (let blocks = 0; blocks < 400; blocks += 63) {
      now = stalls(policy, now)
      expect(policy.windowBlocks).toBe(1)
    }
    now = confirm(policy, now, 100, () => 0.2)
    stalls(policy, now)
    expect(policy.windowBlocks).toBeGreaterThan(1)
  })

  test('A11: no pause is longer than a millisecond, however far the device is', () => {
    const policy = adaptive({ learnt: { windowBlocks: 32, gapMs: 0 } })
    let now = 0
    for (let i = 0; i < 210; i++) {
      now += 6
      policy.acked(now, i, 6)
    }
    for (let i = 0; i < 250 && policy.gapMs === 0; i++) {
      if (i % 10 === 4) policy.gap(now, i)
      policy.sent(now, i, false)
      now += 6
      policy.acked(now, i, 6)
    }
    expect(policy).toMatchObject({ windowBlocks: 2, gapMs: 1 })
  })

  describe('A11: what was learnt', () => {
    const learnt = { windowBlocks: 16, gapMs: 0.1 }

    test('opens with windows that leave as a whole, twice as wide each time', () => {
      const policy = adaptive({ learnt })
      expect(policy).toMatchObject({ windowBlocks: 2, gapMs: 0.1 })
      expect(policy.wholeMs).toBeGreaterThan(0)
      const widths = Array.from({ length: 40 }, (_, i) => {
        policy.acked(i, i + 1, 1)
        return `${policy.windowBlocks}${policy.wholeMs > 0 ? ' whole' : ''}`
      })
      expect([...new Set(widths)]).toEqual(['2 whole', '4 whole', '8 whole', '16 whole', '16'])
      // DATA 1 and all of these windows.
      expect(widths.indexOf('16')).toBe(2 + 4 + 8 + 16)
    })

    test.each(['gap', 'timeout'] as const)('is taken back by the first %s, and is not remembered any more', (sign) => {
      const policy = adaptive({ learnt })
      let now = confirm(policy, 0, 100, () => 0.2)
      policy[sign](now, 100)
      expect(policy).toMatchObject({ windowBlocks: 1, gapMs: 0 })
      // What was out when it was taken back stalled by its doing.
      policy.acked(now, 100, RTT_MS)
      policy.recovered(now, 101, 'resend')
      now = confirm(policy, now, 1000, () => 0.2)
      expect(policy.windowBlocks).toBe(1)
      expect(policy.learnt?.()).toBeUndefined()
    })

    test('opens once more after a stall of lock-step, and is kept if it is faster', () => {
      const policy = adaptive({ learnt })
      policy.gap(0, 1)
      let now = confirm(policy, 0, 20, () => 0.2)
      policy.recovered(now + 10, 20, 'resend')
      now = confirm(policy, now + 10, 2, () => 0.2)
      expect(policy).toMatchObject({ windowBlocks: 2, gapMs: 0.1, wholeMs: 0 })
      confirm(policy, now, 100, ({ windowBlocks }) => 0.2 / windowBlocks)
      expect(policy.learnt?.()).toEqual(learnt)
    })

    test('and is given up for good with the next timeout', () => {
      const policy = adaptive({ learnt })
      policy.gap(0, 1)
      let now = confirm(policy, 0, 20, () => 0.2)
      policy.recovered(now + 10, 20, 'resend')
      now = confirm(policy, now + 10, 10, () => 0.2)
      policy.timeout(now, 31)
      expect(policy.windowBlocks).toBe(1)
      now = confirm(policy, now, 20, () => 0.2)
      policy.recovered(now + 10, 51, 'resend')
      confirm(policy, now + 10, 20, () => 0.2)
      expect(policy.windowBlocks).toBe(1)
    })

    test('over a longer way has no pause that makes it slower than lock-step', () => {
      const policy = adaptive({ learnt })
      policy.acked(0, 1, RTT_MS / 2)
      expect(policy.gapMs).toBeCloseTo((0.75 * RTT_MS) / 2)
      expect(policy.learnt?.()?.gapMs).toBe(policy.gapMs)
    })

    test('waits for as long as the user set', () => {
      expect(adaptive({ learnt, rtoMs: 30 }).wholeMs).toBe(30)
    })
  })
})
