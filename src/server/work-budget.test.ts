import { expect, test } from 'vitest'
import { WorkBudget } from './work-budget.ts'

const LIMITS = { mostMs: 1000, share: 0.1, expectedMs: 100 }

/** Pieces of work in the next `ms`, one asked for in each millisecond, and each takes `tookMs`. */
function done(budget: WorkBudget, from: number, ms: number, tookMs: number, keptMs = 0): number {
  let count = 0
  for (let now = from; now < from + ms; now++) {
    const taken = budget.take(now, keptMs)
    if (taken === undefined) continue
    budget.done(taken, tookMs)
    count++
  }
  return count
}

test.each([1, 20, 400])('work of %i ms takes its share in the long run, and more at once', (tookMs) => {
  const budget = new WorkBudget(LIMITS)
  const busyMs = done(budget, 0, 100_000, tookMs) * tookMs
  expect(busyMs).toBeGreaterThanOrEqual(10_000 - tookMs)
  expect(busyMs).toBeLessThanOrEqual(11_000 + tookMs)
})

test('what others may not have is left', () => {
  const budget = new WorkBudget(LIMITS)
  expect(done(budget, 0, 1, 500, 500)).toBe(1)
  expect(budget.take(0, 500)).toBeUndefined()
  expect(budget.take(0)).toBeDefined()
})

test('work that was not measured yet counts as it is expected', () => {
  const budget = new WorkBudget(LIMITS)
  const asked = Array.from({ length: 20 }, () => budget.take(0))
  expect(asked.filter((taken) => taken !== undefined)).toHaveLength(10)
})
