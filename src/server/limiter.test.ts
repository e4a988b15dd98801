import { expect, test } from 'vitest'
import { Limiter } from './limiter.ts'

test('a few per window, each key once, and a count of the rest', () => {
  const limiter = new Limiter(1000, 3)
  expect(['a', 'a', 'b', 'c', 'd', 'e'].map((key, i) => limiter.pass(i, key))).toEqual([
    0,
    undefined,
    1,
    0,
    undefined,
    undefined,
  ])
  expect(limiter.pass(1000, 'a')).toBe(2)
  expect(limiter.pass(1001, 'b')).toBe(0)
})

test('forged addresses do not fill the memory', () => {
  const limiter = new Limiter(1000, 1e9)
  for (let i = 0; i < 100_000; i++) limiter.pass(0, `key ${i}`)
  expect(limiter.remembered).toBeLessThanOrEqual(256)
})
