import { describe, expect, test } from 'vitest'
import type { WindowPolicy } from '../contract.ts'
import { adaptive } from './adaptive.ts'

/** Confirms blocks at a pace that depends on the window, from `start` on; returns the time. */
function confirm(
  policy: WindowPolicy,
  start: number,
  blocks: number,
  msPerBlock: (policy: WindowPolicy) => number,
): number {
  let now = start
  for (let i = 0; i < blocks; i++) {
    now += msPerBlock(policy)
    policy.acked(now, i, 0)
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

  test('a window full of gaps is tried with a pause between blocks, once', () => {
    const policy = adaptive({ learnt: { windowBlocks: 8, gapMs: 0 } })
    let now = 0
    for (let i = 0; i < 300; i++) {
      if (i % 5 === 0) policy.gap(now, i)
      now = confirm(policy, now, 1, () => 0.5)
    }
    expect(policy.gapMs).toBeGreaterThan(0)
    now = confirm(policy, now, 300, (p) => (p.gapMs > 0 ? 0.1 : 0.5))
    expect(policy.learnt?.()).toMatchObject({ windowBlocks: expect.any(Number), gapMs: policy.gapMs })
    expect(policy.gapMs).toBeGreaterThan(0)
  })

  test('begins with what was learnt', () => {
    expect(adaptive({ learnt: { windowBlocks: 16, gapMs: 0.1 } })).toMatchObject({ windowBlocks: 16, gapMs: 0.1 })
  })
})
