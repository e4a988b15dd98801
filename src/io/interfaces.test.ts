import { describe, expect, test } from 'vitest'
import { addAddressLine, broadcastOf, localAddresses, localFor } from './interfaces.ts'
import type { InterfaceTable } from './interfaces.ts'

const base = { mac: '00:00:00:00:00:00', internal: false, cidr: null }
const v4 = (address: string, netmask: string) => ({ ...base, address, netmask, family: 'IPv4' as const })
const v6 = (address: string, scopeid = 0) => ({ ...base, address, netmask: 'ffff::', family: 'IPv6' as const, scopeid })

const table: InterfaceTable = {
  lo: [v4('127.0.0.1', '255.0.0.0'), v6('::1')],
  eth0: [v4('192.168.0.66', '255.255.255.0'), v4('10.0.0.1', '255.0.0.0'), v6('fe80::1', 2), v6('fd00::5')],
  eth1: [v4('10.1.2.3', '255.255.255.128'), v4('172.16.0.1', '255.255.255.255'), v4('200.1.1.4', '255.255.255.254')],
}
const locals = localAddresses(table)
const find = (address: string) => locals.find((local) => local.address === address) ?? expect.unreachable(address)

describe('localAddresses', () => {
  test('all of them, link-local ones with their zone', () => {
    expect(locals.map((local) => local.address)).toEqual([
      '127.0.0.1',
      '::1',
      '192.168.0.66',
      '10.0.0.1',
      'fe80::1%eth0',
      'fd00::5',
      '10.1.2.3',
      '172.16.0.1',
      '200.1.1.4',
    ])
  })
})

describe('broadcastOf', () => {
  test.each([
    ['192.168.0.66', '192.168.0.255'],
    ['10.0.0.1', '10.255.255.255'],
    ['10.1.2.3', '10.1.2.127'],
    ['172.16.0.1', undefined],
    ['200.1.1.4', undefined],
    ['127.0.0.1', undefined],
    ['fd00::5', undefined],
  ])('%s: %s', (address, broadcast) => {
    expect(broadcastOf(find(address))).toBe(broadcast)
  })
})

describe('localFor', () => {
  test.each([
    ['192.168.0.1', '192.168.0.66'],
    ['10.1.2.99', '10.1.2.3'],
    ['10.1.2.200', '10.0.0.1'],
    ['127.9.9.9', '127.0.0.1'],
    ['8.8.8.8', ''],
    ['fd00::7', ''],
  ])('%s is reached from %s', (peer, local) => {
    expect(localFor(peer, locals)).toBe(local)
  })
})

test.runIf(process.platform === 'linux')('addAddressLine can be pasted', () => {
  expect(addAddressLine('192.168.0.66', ['enp3s0', 'eth1'])).toBe('sudo ip addr add 192.168.0.66/24 dev enp3s0')
  expect(addAddressLine('fd00::66', [])).toBe('sudo ip addr add fd00::66/64 dev eth0')
})
