import { expect, test } from 'vitest'
import { reachable } from './reachable.ts'
import type { Network } from './wire.ts'

const ADDRESSES: Network['addresses'] = [
  { name: 'lo', address: '127.0.0.1', family: 4, isUp: true, isLoopback: true },
  { name: 'eth0', address: '192.168.0.66', family: 4, isUp: true, isLoopback: false },
  { name: 'eth0', address: 'fe80::1', family: 6, isUp: true, isLoopback: false },
  { name: 'wlan0', address: '10.0.0.5', family: 4, isUp: true, isLoopback: false },
]

test.each([
  [
    ['0.0.0.0', '::'],
    ['192.168.0.66', 'fe80::1', '10.0.0.5'],
  ],
  [['0.0.0.0'], ['192.168.0.66', '10.0.0.5']],
  [['10.0.0.5'], ['10.0.0.5']],
  [['127.0.0.1'], []],
])('a server on %j is reached at %j', (listening, expected) => {
  const bound = listening.map((address) => ({ address, port: 69 }))
  expect(reachable(ADDRESSES, bound).map(({ address }) => address)).toEqual(expected)
})
