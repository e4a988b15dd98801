import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TimerWheel } from './wheel.ts'

function popAll(wheel: TimerWheel, now: number): number[] {
  const popped: number[] = []
  for (let slot = wheel.pop(now); slot >= 0; slot = wheel.pop(now)) popped.push(slot)
  return popped
}

describe('TimerWheel', () => {
  test('names the earliest deadline and gives out what is due, each once', () => {
    const wheel = new TimerWheel()
    wheel.set(3, 30)
    wheel.set(1, 10.1)
    wheel.set(2, 10.2)
    expect(wheel.next()).toBe(10.1)
    expect(popAll(wheel, 10.05)).toEqual([])
    expect(popAll(wheel, 10.15)).toEqual([1])
    expect(popAll(wheel, 30)).toEqual([2, 3])
    expect(wheel.next()).toBe(Infinity)
    expect(wheel.size).toBe(0)
  })

  test('a deadline moved later leaves the heap alone until the old time comes', () => {
    const wheel = new TimerWheel()
    wheel.set(0, 10)
    for (let at = 11; at <= 1000; at++) wheel.set(0, at)
    expect(wheel.next()).toBe(10)
    expect(wheel.pop(999)).toBe(-1)
    expect(wheel.next()).toBe(1000)
    expect(wheel.pop(1000)).toBe(0)
  })

  test('a deadline moved earlier counts at once', () => {
    const wheel = new TimerWheel()
    wheel.set(0, 10)
    wheel.set(1, 20)
    wheel.set(1, 5)
    expect(wheel.next()).toBe(5)
    expect(wheel.pop(5)).toBe(1)
  })

  test('Infinity takes a deadline back, and a slot that never had one does not enter', () => {
    const wheel = new TimerWheel()
    wheel.set(0, Infinity)
    expect(wheel.size).toBe(0)
    wheel.set(0, 10)
    wheel.set(0, Infinity)
    expect(popAll(wheel, 1e9)).toEqual([])
    expect(wheel.next()).toBe(Infinity)
  })

  test('notBefore moves an early deadline only', () => {
    const wheel = new TimerWheel()
    wheel.set(0, 10)
    wheel.set(1, 20)
    for (const slot of [-1, 0, 1, 2, 1000]) wheel.notBefore(slot, 15)
    expect(popAll(wheel, 14.9)).toEqual([])
    expect(popAll(wheel, 15)).toEqual([0])
    expect(popAll(wheel, 20)).toEqual([1])
  })

  test('agrees with a plain list whatever is set, moved, cleared and waited for', () => {
    const slot = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 300 }))
    const at = fc.oneof(fc.double({ min: -50, max: 100, noNaN: true }), fc.constant(Infinity))
    const command = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), slot, at }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), slot, at }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('wait' as const),
          slot,
          at: fc.double({ min: 0, max: 20, noNaN: true }),
        }),
      },
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
        const wheel = new TimerWheel()
        const list = new Map<number, number>()
        let now = 0
        for (const c of commands) {
          if (c.do === 'set') {
            wheel.set(c.slot, now + c.at)
            list.set(c.slot, now + c.at)
          } else if (c.do === 'clear') {
            wheel.clear(c.slot)
            list.delete(c.slot)
          } else {
            now += c.at
            const due = [...list].filter(([, t]) => t <= now).map(([s]) => s)
            for (const s of due) list.delete(s)
            expect(popAll(wheel, now).sort((a, b) => a - b)).toEqual(due.sort((a, b) => a - b))
            // Everything that was early has been put right, so the next time is now later than `now`.
            expect(wheel.next()).toBeGreaterThan(now)
          }
          expect(wheel.next()).toBeLessThanOrEqual(Math.min(Infinity, ...list.values()))
        }
        popAll(wheel, 1e9)
        expect(wheel.size).toBe(0)
      }),
      { numRuns: 300 },
    )
  })
})
