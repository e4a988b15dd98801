import { describe, expect, test } from 'vitest'
import { FakeNative, messagesOf } from '../../../test/double/native.ts'
import { SharedSocket } from './socket.ts'
import type { Listening, SocketHost } from './socket.ts'
import { PeerTable } from './table.ts'
import * as linux from '../native/linux.ts'
import { Messages } from '../native/messages.ts'
import { writeSockaddr } from '../native/sockaddr.ts'

const ICMP = 2
const LOCAL = 1

/** Every datagram is a request, or none is. */
function open(
  listening?: Listening,
  isRequest = false,
): {
  native: FakeNative
  socket: SharedSocket<string>
  inputs: string[]
  join(port: number): void
} {
  const native = new FakeNative()
  const inputs: string[] = []
  const host: SocketHost<string> = {
    native,
    errors: new Messages(native, 1, 256),
    table: new PeerTable(),
    arrived: () => {},
    beforeRequests: () => {},
    betweenRequests: () => inputs.push('pause'),
    received: (_socket, peer) => inputs.push(peer),
    isRequest: () => isRequest,
    stray: () => inputs.push('stray'),
    unreachable: (peer) => inputs.push(`${peer} is gone`),
    receiveError: () => {},
  }
  const socket = new SharedSocket(host, messagesOf(native), '127.0.0.1', 1, listening)
  const join = (port: number): void => {
    const name = new Uint8Array(32)
    writeSockaddr(native, name, '127.0.0.1', port)
    host.table.add(1, new Uint32Array(name.buffer), 0, `peer ${port}`)
  }
  return { native, socket, inputs, join }
}

describe('receiving', () => {
  test('datagrams reach their owners; strays reach none', () => {
    const { native, socket, inputs, join } = open()
    join(5)
    join(6)
    native.inbox.push(6, 5, 7, 5, 6)
    expect(socket.receive(false)).toBe(5)
    expect(inputs).toEqual(['peer 6', 'peer 5', 'stray', 'peer 5', 'peer 6'])
  })

  test('on a listening socket a request goes the way of strays although its sender has a transfer', () => {
    const listening = { fd: 9, port: 69, received: () => {} }
    const receivedBy = ({ native, socket, inputs, join }: ReturnType<typeof open>): string[] => {
      join(5)
      native.inbox.push(5, 6)
      socket.receive(false)
      return inputs
    }
    expect(receivedBy(open(listening, true))).toEqual(['stray', 'stray'])
    expect(receivedBy(open(listening, false))).toEqual(['peer 5', 'stray'])
    expect(receivedBy(open(undefined, true))).toEqual(['peer 5', 'stray'])
  })

  test('one that floods leaves the others their turn', () => {
    const { native, socket, join } = open()
    join(5)
    for (let i = 0; i < 1000; i++) native.inbox.push(5)
    expect(socket.receive(false)).toBe(16)
  })

  test('of a flood of requests one batch is taken at a time, and transfers may have their turn between two of them', () => {
    const { native, socket, inputs } = open({ fd: 9, port: 69, received: () => {} }, true)
    for (let i = 0; i < 1000; i++) native.inbox.push(5)
    expect(socket.receive(false)).toBe(4)
    expect(inputs).toEqual(['stray', 'pause', 'stray', 'pause', 'stray', 'pause', 'stray'])
  })

  test('ICMP goes to the peer that it is about, after the datagrams that came before', () => {
    const { native, socket, inputs, join } = open()
    join(5)
    join(6)
    native.inbox.push(-linux.ECONNREFUSED, 6, 5)
    native.errorQueue.push({ port: 6, errno: linux.ECONNREFUSED, origin: ICMP })
    native.errorQueue.push({ port: 6, errno: linux.ECONNREFUSED, origin: ICMP })
    native.errorQueue.push({ port: 9, errno: linux.ECONNREFUSED, origin: ICMP })
    socket.receive(false)
    expect(inputs).toEqual(['peer 6', 'peer 5', 'peer 6 is gone'])
  })

  test('in a hurry one ACK of a single transfer is enough, but ICMP waits for all that came before it', () => {
    const { native, socket, inputs, join } = open()
    join(5)
    socket.live = 1
    native.inbox.push(5, 5)
    expect(socket.receive(false, true)).toBe(1)
    expect(native.inbox).toEqual([5])
    native.inbox.unshift(-linux.ECONNREFUSED, 5)
    native.errorQueue.push({ port: 5, errno: linux.ECONNREFUSED, origin: ICMP })
    expect(socket.receive(false, true)).toBe(2)
    expect(inputs).toEqual(['peer 5', 'peer 5', 'peer 5', 'peer 5 is gone'])
  })

  test('what a send drained is handed over with the next look', () => {
    const { native, socket, inputs, join } = open()
    join(5)
    native.errorQueue.push({ port: 5, errno: linux.ECONNREFUSED, origin: ICMP })
    socket.drainErrors()
    expect([inputs, socket.hasLost]).toEqual([[], true])
    socket.receive(false)
    expect([inputs, socket.hasLost]).toEqual([['peer 5 is gone'], false])
  })

  test.each([
    [linux.EHOSTUNREACH, ICMP],
    [linux.ENETUNREACH, ICMP],
    [linux.EMSGSIZE, LOCAL],
    [linux.ECONNREFUSED, LOCAL],
  ])('errno %d of origin %d may pass, and ends nothing', (errno, origin) => {
    const { native, socket, inputs, join } = open()
    join(5)
    native.errorQueue.push({ port: 5, errno, origin })
    socket.receive(true)
    expect(inputs).toEqual([])
  })

  test('a socket that only fails gets a rest', () => {
    const { native, socket } = open()
    for (let i = 0; i < 1000; i++) native.inbox.push(-linux.ENETUNREACH)
    expect(socket.receive(false)).toBe(0)
    expect(native.inbox.length).toBeGreaterThan(900)
  })

  test('what is left of an earlier transfer is thrown away', () => {
    const { native, socket, inputs, join } = open()
    join(5)
    native.inbox.push(5, 5)
    native.errorQueue.push({ port: 5, errno: linux.ECONNREFUSED, origin: ICMP })
    socket.discard()
    socket.receive(false)
    expect(inputs).toEqual([])
  })
})

test.each([
  [linux.EMFILE, 'EMFILE'],
  [linux.EACCES, 'EACCES'],
  [98, 'EADDRINUSE'],
])('errno %d of a socket that cannot be had is %s', (errno, code) => {
  const native = new FakeNative()
  native.refuseSocket = errno
  const host = { native, errors: messagesOf(native), table: new PeerTable<string>() }
  const open = (): unknown =>
    new SharedSocket(host as unknown as SocketHost<string>, messagesOf(native), '127.0.0.1', 0)
  expect(open).toThrow(expect.objectContaining({ code }) as Error)
})
