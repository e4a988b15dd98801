import { expect, test } from 'vitest'
import { FakeNative, messagesOf } from '../../../test/double/native.ts'
import { SocketPools } from './pools.ts'
import type { SocketHost } from './socket.ts'
import { PeerTable } from './table.ts'

const EADDRINUSE = 98

test('ports that another program has use up no numbers of the table, however often they are tried', () => {
  const native = new FakeNative()
  const host: SocketHost<string> = {
    native,
    errors: messagesOf(native),
    table: new PeerTable(),
    arrived: () => {},
    beforeRequests: () => {},
    betweenRequests: () => {},
    received: () => {},
    isRequest: () => false,
    stray: () => {},
    unreachable: () => {},
    receiveError: () => {},
  }
  let numbers = 0
  const pools = new SocketPools(host, messagesOf(native), () => numbers++, { first: 9000, last: 9099 })
  const names = new Uint32Array(8)
  native.refuseSocket = EADDRINUSE
  for (let i = 0; i < 3; i++) expect(pools.socketFor('127.0.0.1', names, 0, 0)).toBeUndefined()
  native.refuseSocket = 0
  expect(pools.socketFor('127.0.0.1', names, 0, 0)?.index).toBeLessThan(100)
  expect(numbers).toBeLessThanOrEqual(100)
  pools.close()
})
