import { expect, test } from 'vitest'
import { Rates } from './rates.ts'

test('without limits everything passes', () => {
  const rates = new Rates({})
  for (let i = 0; i < 1000; i++) expect(rates.exceeded(0, '10.0.0.1')).toBeUndefined()
  expect(rates.allowanceFor('10.0.0.1', undefined)).toBeUndefined()
})

test('requests of one address, and of all', () => {
  const rates = new Rates({ requestsPerSec: 5, requestsPerSecPerAddress: 2 })
  const asked = (address: string, now = 0): string | undefined => rates.exceeded(now, address)
  expect([asked('a'), asked('a'), asked('a')]).toEqual([undefined, undefined, '--max-requests-per-address'])
  expect([asked('b'), asked('b'), asked('c'), asked('d')]).toEqual([undefined, undefined, undefined, '--max-requests'])
  expect(asked('a', 1000)).toBeUndefined()
})

test('a flood of forged addresses takes bounded memory and forgets the quiet ones first', () => {
  const rates = new Rates({ requestsPerSecPerAddress: 1 })
  expect(rates.exceeded(0, 'mine')).toBeUndefined()
  for (let i = 0; i < 8000; i++) rates.exceeded(0, `forged ${i}`)
  expect(rates.exceeded(0, 'mine')).toBe('--max-requests-per-address')
  for (let i = 0; i < 9000; i++) rates.exceeded(0, `more ${i}`)
  expect(rates.exceeded(0, 'mine')).toBeUndefined()
})

test('transfers to one address share its bytes, and all share those of all', () => {
  const rates = new Rates({ bytesPerSec: 1_000_000, bytesPerSecPerAddress: 100_000 })
  const [a, again, b] = ['a', 'a', 'b'].map((address) => rates.allowanceFor(address, undefined))
  expect(a?.spend(0, 105_000)).toBe(0)
  expect(again?.spend(0, 1)).toBeCloseTo(1000)
  // All of them are 55 ms in debt together.
  expect(b?.spend(0, 1)).toBeCloseTo(55, 1)
  const own = rates.allowanceFor('c', 10_000)
  own?.spend(0, 10_500)
  expect(own?.spend(0, 1)).toBeCloseTo(1000)
})
