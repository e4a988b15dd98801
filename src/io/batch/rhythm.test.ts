import { expect, test } from 'vitest'
import { Rhythm } from './rhythm.ts'

test('it spins for 50 us after an arrival, and never with a single core', () => {
  const [two, one] = [new Rhythm(2), new Rhythm(1)]
  for (const rhythm of [two, one]) rhythm.answered(100)
  expect([two.spins(100.04), two.spins(100.06), one.spins(100.01)]).toEqual([true, false, false])
})

test('after eight spins that brought nothing it rests for 256 arrivals', () => {
  const rhythm = new Rhythm(2)
  const spinsAfter = (now: number): boolean => {
    rhythm.answered(now)
    return rhythm.spins(now)
  }
  for (let i = 0; i < 7; i++) {
    expect(spinsAfter(i)).toBe(true)
    rhythm.sleeps()
  }
  // An answer within the spin: it pays after all.
  expect(spinsAfter(7)).toBe(true)
  for (let i = 8; i < 16; i++) {
    expect(spinsAfter(i)).toBe(true)
    rhythm.sleeps()
  }
  for (let i = 0; i < 256; i++) expect(spinsAfter(20 + i)).toBe(false)
  expect(spinsAfter(300)).toBe(true)
})

test('sleeps double up to 4 ms while nothing comes', () => {
  const rhythm = new Rhythm(2)
  const slept = [rhythm.sleepMs]
  for (let i = 0; i < 3; i++) {
    rhythm.slept()
    slept.push(rhythm.sleepMs)
  }
  rhythm.answered(1)
  expect([...slept, rhythm.sleepMs]).toEqual([1, 2, 4, 4, 1])
})
