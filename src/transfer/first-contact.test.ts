import { describe, expect, test } from 'vitest'
import { FirstContact } from './first-contact.ts'

/** When the packet is repeated, and when all hope is gone, in milliseconds after it left. */
function timetable(contact: FirstContact): { repeats: number[]; givesUpAt: number } {
  contact.started(0)
  const repeats: number[] = []
  for (;;) {
    const now = contact.dueAt
    if (contact.due(now) === 'give-up') return { repeats, givesUpAt: now }
    repeats.push(now)
  }
}

describe('A5', () => {
  test('near: after 250 ms, 500 ms, then each second, five times', () => {
    const { repeats } = timetable(new FirstContact('data', true, 1000, undefined))
    expect(repeats).toEqual([250, 750, 1750, 2750, 3750])
  })

  test('far: three times, a second or more apart', () => {
    const { repeats } = timetable(new FirstContact('data', false, 1000, undefined))
    expect(repeats.length).toBeLessThanOrEqual(3)
    repeats.forEach((at, i) => expect(at - (repeats[i - 1] ?? 0)).toBeGreaterThanOrEqual(1000))
  })

  test("after the last one there is time for two of the client's own timeouts, five seconds at least", () => {
    for (const [clientTimeoutMs, ms] of [
      [1000, 5000],
      [10_000, 20_000],
    ]) {
      const { repeats, givesUpAt } = timetable(new FirstContact('data', true, clientTimeoutMs, undefined))
      expect(givesUpAt - (repeats.at(-1) ?? 0)).toBe(ms)
    }
  })
})

describe('A6: strict', () => {
  test("the client's timeout each time", () => {
    expect(timetable(new FirstContact('data', true, 2000, 2000)).repeats).toEqual([2000, 4000, 6000, 8000, 10_000])
    expect(timetable(new FirstContact('data', true, 100, 100)).repeats).toEqual([100, 200, 300, 400, 500])
  })

  test('a stranger gets no more than A5 allows', () => {
    expect(timetable(new FirstContact('data', false, 100, 100)).repeats).toEqual([1000, 2000, 3000])
    expect(timetable(new FirstContact('data', false, 3000, 3000)).repeats).toEqual([3000, 6000, 9000])
  })
})

test('an answer ends it', () => {
  const contact = new FirstContact('data', true, 1000, undefined)
  expect(contact.dueAt).toBe(Infinity)
  contact.started(5)
  expect(contact.dueAt).toBe(255)
  contact.stop()
  expect(contact.dueAt).toBe(Infinity)
})
