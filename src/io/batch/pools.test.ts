import { expect, test } from 'vitest'
import { FakeNative, messagesOf } from '../../../test/double/native.ts'
import { SocketPools } from './pools.ts'
import type { SocketHost } from './socket.ts'
import { PeerTable } from './table.ts'

const EADDRINUSE = 98

function hostOf(native: FakeNative): SocketHost<string> {
  return {
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
}

test('ports that another program has use up no numbers of the table, however often they are tried', () => {
  const native = new FakeNative()
  const host = hostOf(native)
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

test('requests that come together share a socket, up to a bound, and a peer that ended meets another one', () => {
  const native = new FakeNative()
  const host = hostOf(native)
  let numbers = 0
  const pools = new SocketPools(host, messagesOf(native), () => numbers++)
  const names = new Uint32Array(8)
  const first = pools.socketFor('127.0.0.1', names, 0, 0)
  expect(pools.socketFor('127.0.0.1', names, 0, 0)).toBe(first)
  pools.nextTurn()
  expect(pools.socketFor('127.0.0.1', names, 0, 0)).not.toBe(first)
  // Nothing ends while a thousand begin.
  const live = new Map<unknown, number>()
  for (let i = 0; i < 1000; i++) {
    const socket = pools.socketFor('127.0.0.1', names, 0, i)
    if (socket === undefined) throw new Error('no socket')
    socket.live++
    live.set(socket, socket.live)
  }
  expect(live.size).toBeGreaterThan(4)
  expect(Math.max(...live.values())).toBeLessThan(200)
  pools.close()
})
