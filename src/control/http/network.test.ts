import { expect, test } from 'vitest'
import { unservedNetworks } from './network.ts'

test('networks of this machine that get no answer are those that are neither private nor allowed, each once', () => {
  const card = (address: string, family: 'IPv4' | 'IPv6' = 'IPv4', bits = 24) =>
    ({ address, family, cidr: `${address}/${bits}`, netmask: '', mac: '', internal: false }) as never
  const table = {
    lo: [card('127.0.0.1', 'IPv4', 8)],
    office: [card('203.0.113.7'), card('203.0.113.8'), card('2001:db8::1', 'IPv6', 64)],
    bench: [card('192.168.1.1')],
    rack: [card('198.51.100.9', 'IPv4', 28)],
  }
  expect(unservedNetworks([], table)).toEqual(['203.0.113.0/24', '198.51.100.0/28'])
  expect(unservedNetworks(['203.0.113.0/24'], table)).toEqual(['198.51.100.0/28'])
  expect(unservedNetworks(undefined, { bench: table.bench })).toEqual([])
})
