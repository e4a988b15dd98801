import { expect, test } from 'vitest'
import { RateLimiter } from './rate-limiter.ts'

test('a burst, then a steady trickle, and a count of what was held back', () => {
  const limiter = new RateLimiter({ burst: 3, perSecond: 2 })
  const taken = (now: number, times: number): boolean[] => Array.from({ length: times }, () => limiter.take(now))
  expect(taken(0, 5)).toEqual([true, true, true, false, false])
  expect(limiter.takeSuppressed()).toBe(2)
  expect(limiter.takeSuppressed()).toBe(0)
  expect(taken(499, 1)).toEqual([false])
  expect(taken(500, 2)).toEqual([true, false])
  // A quiet time gives back a burst, and no more.
  expect(taken(60_000, 5)).toEqual([true, true, true, false, false])
  expect(limiter.takeSuppressed()).toBe(4)
})

test('the same key passes once in its time, and one that is held back takes nothing from the others', () => {
  const limiter = new RateLimiter({ burst: 3, perSecond: 0.001, sameKeyMs: 1000 })
  expect(['a', 'a', 'a', 'b'].map((key, i) => limiter.take(i, key))).toEqual([true, false, false, true])
  expect(limiter.takeSuppressed()).toBe(2)
  // Counted from the time that it passed, not from the last try.
  expect(limiter.take(999, 'a')).toBe(false)
  expect(limiter.take(1000, 'a')).toBe(true)
  expect(limiter.take(1003, 'b')).toBe(false)
})

test('a key that the rate held back may pass as soon as there is room', () => {
  const limiter = new RateLimiter({ burst: 1, perSecond: 1, sameKeyMs: 60_000 })
  expect([limiter.take(0, 'a'), limiter.take(500, 'b'), limiter.take(1000, 'b')]).toEqual([true, false, true])
})

test('forged addresses do not fill the memory', () => {
  const limiter = new RateLimiter({ burst: 10, perSecond: 1, sameKeyMs: 60_000 })
  let [passed, most] = [0, 0]
  for (let i = 0; i < 100_000; i++) {
    if (limiter.take(i * 10, `key ${i}`)) passed++
    most = Math.max(most, limiter.remembered)
  }
  expect(most).toBeLessThanOrEqual(70)
  expect(passed).toBeGreaterThan(900)
  expect(limiter.takeSuppressed()).toBe(100_000 - passed)
})

test('what is earned in part is kept: the rate holds between requests that come out of step with it', () => {
  const steady = new RateLimiter({ burst: 10, perSecond: 100 })
  let taken = 0
  for (let now = 0; now < 10_000; now += 15) for (let i = 0; i < 3; i++) if (steady.take(now)) taken++
  expect(taken).toBeGreaterThanOrEqual(990)
  expect(taken).toBeLessThanOrEqual(1011)
})
