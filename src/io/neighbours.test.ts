import { expect, test } from 'vitest'
import { Neighbours } from './neighbours.ts'

const HEAD = 'IP address       HW type     Flags       HW address            Mask     Device\n'

test('finds complete entries, and reads the table at most once a second', () => {
  let reads = 0
  let mac = '02:00:00:00:00:0A'
  const neighbours = new Neighbours(() => {
    reads++
    return `${HEAD}192.168.0.1      0x1         0x2         ${mac}     *        eth0
192.168.0.2      0x1         0x0         00:00:00:00:00:00     *        eth0
`
  })
  expect(neighbours.macOf(0, '192.168.0.1')).toBe('02:00:00:00:00:0a')
  expect(neighbours.macOf(1, '192.168.0.2')).toBeUndefined()
  mac = '02:00:00:00:00:0B'
  expect(neighbours.macOf(999, '192.168.0.1')).toBe('02:00:00:00:00:0a')
  expect(reads).toBe(1)
  expect(neighbours.macOf(1000, '192.168.0.1')).toBe('02:00:00:00:00:0b')
  expect(reads).toBe(2)
})

test('loopback and IPv6 cost no look, and a system without the table has no MAC addresses', () => {
  const neighbours = new Neighbours(() => {
    throw new Error('ENOENT')
  })
  expect(neighbours.macOf(0, '127.0.0.1')).toBeUndefined()
  expect(neighbours.macOf(0, 'fe80::1%eth0')).toBeUndefined()
  expect(neighbours.macOf(0, '192.168.0.1')).toBeUndefined()
})
