import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allOf, TokenBucket } from './allowance.ts'
import { COUNTER } from './contract.ts'
import { adaptive } from './policy/adaptive.ts'
import { negotiated } from './policy/negotiated.ts'
import { BLKSIZE, Script, type ScriptOptions } from './rules/script.ts'

describe('a token bucket', () => {
  test('what waits as long as it is told never leaves faster than the rate', () => {
    const steps = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 500 }), bytes: fc.integer({ min: 1, max: 90_000 }) }),
      {
        minLength: 1,
      },
    )
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 10_000_000 }), steps, (rate, requests) => {
        const bucket = new TokenBucket(rate)
        let now = 1000
        let total = 0
        let leftAt = 0
        for (const { afterMs, bytes } of requests) {
          now += afterMs
          const at = now + bucket.spend(now, bytes)
          // The last window is paid for after it has left.
          expect(total).toBeLessThanOrEqual((rate * (at - 1000)) / 1000 + rate / 20 + 1)
          expect(at).toBeGreaterThanOrEqual(leftAt - 0.001)
          total += bytes
          leftAt = at
        }
      }),
    )
  })

  test('one that is not in debt lets everything go at once', () => {
    const bucket = new TokenBucket(1000)
    expect(bucket.spend(0, 50)).toBe(0)
    expect(bucket.spend(0, 1000)).toBe(0)
    expect(bucket.spend(0, 1)).toBe(1000)
    expect(bucket.isFull(500)).toBe(false)
    expect(bucket.isFull(1100)).toBe(true)
  })

  test('of several the longest wait counts, and each is paid', () => {
    const [slow, fast] = [new TokenBucket(1000), new TokenBucket(100_000)]
    const both = allOf([fast, slow])
    expect(both?.spend(0, 1050)).toBe(0)
    expect(both?.spend(0, 1)).toBe(1000)
    expect(fast.spend(0, 0)).toBe(0)
    expect(allOf([])).toBeUndefined()
  })
})

/** Blocks leave at `blocksPerSec`; the peer acknowledges ends of windows. */
function limited(blocksPerSec: number, window: number, options: Partial<ScriptOptions> = {}): Script {
  const blocks = 200
  const isEnd = (seq: number): boolean => seq % window === 0 || seq === blocks
  return new Script({
    blocks,
    allowance: new TokenBucket(blocksPerSec * BLKSIZE),
    peer: (seq) => (isEnd(seq) ? seq : undefined),
    ...options,
  })
}

describe('a sender with an allowance', () => {
  test.each([
    ['a window of 16', 16, { policy: negotiated({ windowBlocks: 16 }), oack: Uint8Array.of(0, 6) }],
    ['lock-step', 1, { policy: adaptive() }],
    ['copies', 1, { policy: adaptive({ copies: 2 }) }],
  ] as const)(
    '%s: the rate holds, each window leaves whole, and nothing is taken for lost',
    (_what, window, options) => {
      const rate = 100
      const s = limited(rate, window, options)
      if ('oack' in options) s.at(1).ack(0)
      s.runUntil(60_000)
      expect(s.outcome?.status).toBe('completed')
      const { copies } = s.policy
      const left = s.sentAt()
      expect(left).toHaveLength(
        200 * copies - (copies - 1) * (left.filter(([, seq]) => seq === 1 || seq === 200).length / 1),
      )
      // Nothing was repeated: each block left once, or as often as there are copies, and windows are not cut.
      for (let i = 1; i < left.length; i++) expect(left[i][1]).toBeGreaterThanOrEqual(left[i - 1][1])
      for (const [at, seq] of left) {
        const inWindow = left.find(([, other]) => other === seq - ((seq - 1) % window)) as [number, number]
        expect(at - inWindow[0]).toBeLessThanOrEqual(1)
      }
      expect(s.machine.counters[COUNTER.timeouts]).toBe(0)
      expect(s.notices).not.toContain('stalled')
      const seconds = ((left.at(-1) as [number, number])[0] - left[0][0]) / 1000
      expect(seconds).toBeGreaterThan((200 * copies - 2 * window) / rate - 0.2)
      expect(seconds).toBeLessThan((200 * copies) / rate + 1)
    },
  )

  test('a wait of many seconds is no stall and no end', () => {
    const s = limited(2, 16, { policy: negotiated({ windowBlocks: 16 }), oack: Uint8Array.of(0, 6) })
    s.at(1).ack(0)
    s.runUntil(50_000)
    expect(s.notices).toEqual(['started'])
    expect(s.machine.counters[COUNTER.retransmitted]).toBe(0)
    s.runUntil(200_000)
    expect(s.outcome).toEqual({ status: 'completed' })
  })
})
