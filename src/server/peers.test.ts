import { describe, expect, test } from 'vitest'
import { allowFlagFor, Peers } from './peers.ts'

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
