import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RTO_FLOOR_MS, Rto } from './rto.ts'

function after(...samples: readonly number[]): Rto {
  const rto = new Rto()
  for (const ms of samples) rto.sample(ms)
  return rto
}

test('nothing is known before the first sample', () => {
  const rto = after()
  expect(rto.srttMs).toBe(0)
  expect(rto.minMs).toBe(Infinity)
  expect(rto.waitMs(0, 250, 1000)).toBe(250)
})

test('the first sample is the round trip, half of it the variation (RFC 6298 §2.2)', () => {
  expect(after(80)).toMatchObject({ srttMs: 80, rttvarMs: 40, minMs: 80 })
})

test('later ones weigh an eighth and a quarter, variation first (RFC 6298 §2.3)', () => {
  // RTTVAR = 3/4 * 40 + 1/4 * |80 - 160|, SRTT = 7/8 * 80 + 1/8 * 160.
  expect(after(80, 160)).toMatchObject({ srttMs: 90, rttvarMs: 50, minMs: 80 })
  expect(after(80, 16).minMs).toBe(16)
})

test('A6: the wait is SRTT + 4 RTTVAR, doubled for each timeout in a row, up to the cap', () => {
  const rto = after(80)
  expect([0, 1, 2, 3].map((backoff) => rto.waitMs(backoff, RTO_FLOOR_MS, 1500))).toEqual([240, 480, 960, 1500])
})

test('A6: 10 ms at the least, and the doubling starts from there', () => {
  expect(RTO_FLOOR_MS).toBe(10)
  expect([0, 1, 4].map((backoff) => after(0.1).waitMs(backoff, RTO_FLOOR_MS, 120))).toEqual([10, 20, 120])
})

test('a cap below what the round trip asks for does not shorten the wait', () => {
  expect([0, 5].map((backoff) => after(80).waitMs(backoff, RTO_FLOOR_MS, 120))).toEqual([240, 240])
})

test('any number of timeouts gives a finite wait within its bounds', () => {
  const times = fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { maxLength: 20 })
  fc.assert(
    fc.property(times, fc.nat(1e6), fc.integer({ min: 1, max: 1e5 }), (samples, backoff, capMs) => {
      const rto = after(...samples)
      const wait = rto.waitMs(backoff, RTO_FLOOR_MS, capMs)
      const asked = Math.max(RTO_FLOOR_MS, rto.srttMs + 4 * rto.rttvarMs)
      expect(wait).toBeGreaterThanOrEqual(asked)
      expect(wait).toBeLessThanOrEqual(Math.max(asked, capMs))
      expect(wait).toBeGreaterThanOrEqual(rto.waitMs(Math.max(0, backoff - 1), RTO_FLOOR_MS, capMs))
    }),
  )
})

test('a time in round trips has a floor', () => {
  expect(after().roundsMs(3, 2)).toBe(2)
  expect(after(80).roundsMs(1.5, 1)).toBe(120)
  expect(after(0.25).roundsMs(3, 2)).toBe(2)
})
