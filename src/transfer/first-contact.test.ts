import { describe, expect, test } from 'vitest'
import { contactWaitMs, mostRepeats } from './first-contact.ts'

/** When DATA 1 is repeated, and when all hope is gone, in milliseconds after it left. */
function timetable(
  near: boolean,
  clientTimeoutMs: number,
  strictMs?: number,
): { repeats: number[]; givesUpAt: number } {
  const contact = { near, clientTimeoutMs, strictMs }
  const repeats: number[] = []
  let now = 0
  for (let n = 0; n < mostRepeats('data', contact); n++) {
    now += contactWaitMs('data', contact, n)
    repeats.push(now)
  }
  return { repeats, givesUpAt: now + contactWaitMs('data', contact, repeats.length) }
}

describe('A5', () => {
  test('near: after 250 ms, 500 ms, then each second, five times', () => {
    const { repeats } = timetable(true, 1000)
    expect(repeats).toEqual([250, 750, 1750, 2750, 3750])
  })

  test('far: three times, a second or more apart', () => {
    const { repeats } = timetable(false, 1000)
    expect(repeats.length).toBeLessThanOrEqual(3)
    repeats.forEach((at, i) => expect(at - (repeats[i - 1] ?? 0)).toBeGreaterThanOrEqual(1000))
  })

  test("after the last one there is time for four of the client's own timeouts, eight seconds at least", () => {
    for (const [clientTimeoutMs, ms] of [
      [1000, 8000],
      [10_000, 40_000],
    ]) {
      const { repeats, givesUpAt } = timetable(true, clientTimeoutMs)
      expect(givesUpAt - (repeats.at(-1) ?? 0)).toBe(ms)
    }
  })
})

describe('A6: strict', () => {
  test("the client's timeout each time", () => {
    expect(timetable(true, 2000, 2000).repeats).toEqual([2000, 4000, 6000, 8000, 10_000])
    expect(timetable(true, 100, 100).repeats).toEqual([100, 200, 300, 400, 500])
  })

  test('a stranger gets no more than A5 allows', () => {
    expect(timetable(false, 100, 100).repeats).toEqual([1000, 2000, 3000])
    expect(timetable(false, 3000, 3000).repeats).toEqual([3000, 6000, 9000])
  })
})
