import { describe, expect, test } from 'vitest'
import { Bench } from '../../test/double/receiver.ts'
import { COUNTER } from './contract.ts'
import { Script } from './rules/script.ts'

const STEP_MS = 1

describe('a stall of a sender', () => {
  test('has its event after a second without progress, however quick the client was', () => {
    const s = new Script({ blocks: 50 }).reach(20)
    const progressAt = s.now
    s.runUntil(progressAt + 1000 - STEP_MS)
    expect(s.notices).not.toContain('stalled')
    s.runUntil(progressAt + 1000)
    expect(s.notices).toContain('stalled')
  })

  test('has its event after 20 round trips where these take longer than a second', () => {
    const s = new Script({ blocks: 50, near: false }).reach(20, 128)
    const progressAt = s.now
    s.runUntil(progressAt + 20 * 128 - STEP_MS)
    expect(s.notices).not.toContain('stalled')
    s.runUntil(progressAt + 20 * 128 + STEP_MS)
    expect(s.notices).toContain('stalled')
  })
})

describe('a stall of a receiver', () => {
  /** A window's ACK is repeated after 50 ms, then after twice that: a stall is looked for whenever one leaves. */
  test('has its event with the first repeat after a tenth of a second, however quick the server was', () => {
    const b = new Bench({ windowsize: 4 }).start().upTo(40)
    b.wait(99)
    expect(b.machine.counters[COUNTER.timeouts]).toBe(1)
    expect(b.notices).not.toContain('stalled')
    b.wait(150)
    expect(b.notices).toContain('stalled')
  })

  test('has its event after 20 round trips where these take longer than that', () => {
    const b = new Bench({ windowsize: 1 }).start().upTo(40, 0, 50)
    b.wait(20 * 50 - 100)
    expect(b.machine.counters[COUNTER.timeouts]).toBeGreaterThan(0)
    expect(b.notices).not.toContain('stalled')
    b.wait(1200)
    expect(b.notices).toContain('stalled')
  })
})
