import { expect, test } from 'vitest'
import { addressPort } from './address.ts'

test('IPv6 stands in brackets, zone and all', () => {
  expect(addressPort('10.0.0.1', 69)).toBe('10.0.0.1:69')
  expect(addressPort('fe80::1%eth0', 70)).toBe('[fe80::1%eth0]:70')
})
