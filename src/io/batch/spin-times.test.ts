import { expect, test } from 'vitest'
import { SpinTimes } from './spin-times.ts'

test('it spins for 50 us after an arrival, and never with a single core', () => {
  const [two, one] = [new SpinTimes(2), new SpinTimes(1)]
  for (const spinTimes of [two, one]) spinTimes.answered(100)
  expect([two.spins(100.04), two.spins(100.06), one.spins(100.01)]).toEqual([true, false, false])
})

test('after eight spins that brought nothing it rests for 256 arrivals', () => {
  const spinTimes = new SpinTimes(2)
  const spinsAfter = (now: number): boolean => {
    spinTimes.answered(now)
    return spinTimes.spins(now)
  }
  for (let i = 0; i < 7; i++) {
    expect(spinsAfter(i)).toBe(true)
    spinTimes.sleeps()
  }
  // An answer within the spin: it pays after all.
  expect(spinsAfter(7)).toBe(true)
  for (let i = 8; i < 16; i++) {
    expect(spinsAfter(i)).toBe(true)
    spinTimes.sleeps()
  }
  for (let i = 0; i < 256; i++) expect(spinsAfter(20 + i)).toBe(false)
  expect(spinsAfter(300)).toBe(true)
})

test('sleeps double up to 4 ms while nothing comes', () => {
  const spinTimes = new SpinTimes(2)
  const slept = [spinTimes.sleepMs]
  for (let i = 0; i < 3; i++) {
    spinTimes.slept()
    slept.push(spinTimes.sleepMs)
  }
  spinTimes.answered(1)
  expect([...slept, spinTimes.sleepMs]).toEqual([1, 2, 4, 4, 1])
})
