import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { allowFlagFor, isNear, Peers } from './peers.ts'

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

describe('Peers', () => {
  test('others need to be allowed', () => {
    const peers = new Peers(['203.0.113.0/24', '2001:db8::/32', '198.51.100.7'])
    const asked = ['203.0.113.200', '203.0.114.1', '2001:db8:1::5', '2001:db9::1', '198.51.100.7', '198.51.100.8']
    const isServed = (address: string): boolean => peers.refusal(address, false) === undefined
    expect(asked.map(isServed)).toEqual([true, false, true, false, true, false])
    expect(peers.refusal('192.168.0.1', true)).toBeUndefined()
    expect(isServed('not an address')).toBe(false)
  })

  test('an IPv4 address is the same in the form of an IPv6 one, in both directions', () => {
    const peers = new Peers(['::ffff:203.0.113.0/120'], ['::ffff:192.168.0.5'])
    expect(peers.refusal('203.0.113.9', false)).toBeUndefined()
    expect(peers.refusal('203.0.114.9', false)).toContain('not a private address')
    for (const address of ['192.168.0.5', '::ffff:192.168.0.5'])
      expect(peers.refusal(address, true)).toContain('--deny names it')
  })

  test.each(['203.0.113.0/33', 'home', '', '1.2.3.4/x'])('%j is no network', (network) => {
    expect(() => new Peers([network])).toThrow(expect.objectContaining({ code: 'ERR_TFTP_USAGE' }))
  })

  test('the flag that is proposed does what it says', () => {
    for (const address of ['203.0.113.9', '2001:db8::9']) {
      const network = allowFlagFor(address).replace('--allow ', '')
      expect(new Peers([network]).refusal(address, false)).toBeUndefined()
    }
  })
})
