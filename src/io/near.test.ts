import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { isNear } from './near.ts'

describe('isNear', () => {
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.254',
    '192.168.1.1',
    '169.254.7.7',
    '::1',
    'fe80::1%eth0',
    'fd00::1',
    '::ffff:192.168.0.1',
  ])('%s', (address) => {
    expect(isNear(address)).toBe(true)
  })

  test.each([
    '8.8.8.8',
    '172.32.0.1',
    '192.169.0.1',
    '100.64.0.1',
    '2001:db8::1',
    '::ffff:8.8.8.8',
    '0.0.0.0',
    'x',
    '',
  ])('not %j', (address) => {
    expect(isNear(address)).toBe(false)
  })
})

test('isNear says of any IPv4 address what a parser says', () => {
  const ranges = new Set(['private', 'linkLocal', 'loopback'])
  const octet = fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.constantFrom(10, 127, 192, 168, 169, 254, 172, 16, 31, 255),
  )
  fc.assert(
    fc.property(fc.array(octet, { minLength: 4, maxLength: 4 }), (octets) => {
      const address = octets.join('.')
      const isAddress = ipaddr.IPv4.isValidFourPartDecimal(address)
      expect(isNear(address)).toBe(isAddress && ranges.has(ipaddr.IPv4.parse(address).range()))
    }),
    { numRuns: 2000 },
  )
})
