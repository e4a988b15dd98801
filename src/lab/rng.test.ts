import { describe, expect, test } from 'vitest'
import { Rng } from './rng.ts'

describe('rng', () => {
  test('the same seed gives the same numbers, for ever', () => {
    const rng = new Rng(1)
    expect([rng.next(), rng.next(), rng.next(), rng.next()]).toEqual(GOLDEN)
    expect(new Rng(2 ** 32 + 1).next()).not.toBe(GOLDEN[0])
    expect(new Rng(-1).next()).not.toBe(new Rng(1).next())
  })

  test('uniform: mean, spread and every bit', () => {
    const rng = new Rng(7)
    const n = 200_000
    const ones = new Uint32Array(32)
    let sum = 0
    for (let i = 0; i < n; i++) {
      const x = rng.next()
      sum += x / 2 ** 32
      for (let bit = 0; bit < 32; bit++) ones[bit]! += (x >>> bit) & 1
    }
    expect(sum / n).toBeCloseTo(0.5, 2)
    for (const count of ones) expect(Math.abs(count / n - 0.5)).toBeLessThan(0.006)
  })

  test('int covers its range evenly and never leaves it', () => {
    const rng = new Rng(8)
    const counts = new Uint32Array(10)
    for (let i = 0; i < 100_000; i++) counts[rng.int(10)]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  test('logUniform: each factor of ten as often', () => {
    const rng = new Rng(9)
    let below = 0
    let least = Infinity
    let most = 0
    for (let i = 0; i < 50_000; i++) {
      const x = rng.logUniform(0.01, 100)
      least = Math.min(least, x)
      most = Math.max(most, x)
      if (x < 1) below++
    }
    expect(least).toBeGreaterThanOrEqual(0.01)
    expect(most).toBeLessThan(100)
    expect(Math.abs(below / 50_000 - 0.5)).toBeLessThan(0.01)
  })

  test('a fork does not depend on what was drawn before, and differs by label and seed', () => {
    const a = new Rng(5)
    a.next()
    expect(a.fork('x').next()).toBe(new Rng(5).fork('x').next())
    expect(a.fork('x').next()).not.toBe(a.fork('y').next())
    expect(a.fork('x').next()).not.toBe(new Rng(6).fork('x').next())
    expect(a.fork('x').fork('x').next()).not.toBe(a.fork('x').next())
  })

  test('near seeds give unrelated numbers', () => {
    const firsts = new Set<number>()
    let ones = 0
    for (let seed = 0; seed < 10_000; seed++) {
      const x = new Rng(seed).next()
      firsts.add(x)
      ones += x & 1
    }
    expect(firsts.size).toBeGreaterThan(9_990)
    expect(Math.abs(ones - 5000)).toBeLessThan(300)
  })
})

const GOLDEN = [3717447947, 770509748, 2470852672, 1813301341]
