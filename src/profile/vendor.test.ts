import { expect, test } from 'vitest'
import { isMadeUp, vendorOf } from './vendor.ts'

const vendors = [
  { name: 'Raspberry Pi', prefixes: ['b8:27:eb', 'dc:a6:32'] },
  { name: 'TP-Link', prefixes: ['50:c7:bf'] },
]

test.each([
  ['b8:27:eb:00:11:22', 'Raspberry Pi'],
  ['DC-A6-32-00-11-22', 'Raspberry Pi'],
  ['50:c7:bf:00:11:22', 'TP-Link'],
  ['00:11:22:33:44:55', undefined],
])('%s is by %s', (mac, name) => {
  expect(vendorOf(mac, vendors)).toBe(name)
})

test.each([
  ['52:54:00:12:34:56', true],
  ['02:00:00:00:00:01', true],
  ['01:00:5e:00:00:01', true],
  ['b8:27:eb:00:11:22', false],
  ['50:c7:bf:00:11:22', false],
])('%s is made up: %s', (mac, madeUp) => {
  expect(isMadeUp(mac)).toBe(madeUp)
})
