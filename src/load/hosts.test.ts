import { afterEach, describe, expect, test } from 'vitest'
import { HostPort, type HostSender, hostAddress, hostNetwork } from './hosts.ts'
import * as linux from '../io/native/linux.ts'
import type { Native } from '../io/native/linux.ts'
import { probeBatch } from '../io/native/probe.ts'

const native = probeBatch()
const open: HostPort[] = []

afterEach(() => {
  for (const port of open.splice(0)) port.close()
})

test('addresses of hosts', () => {
  expect([1, 255, 256, 0x1_0002].map(hostAddress)).toEqual(['127.16.0.1', '127.16.0.255', '127.16.1.0', '127.17.0.2'])
})

describe.skipIf(typeof native === 'string')('two ports that take each other for the server', () => {
  /** Host 0x10203 of the one is the server of the other. */
  const SERVER = 0x1_0203
  const CLIENT = 0x345

  test('a datagram comes from the host that sent it, for the host that it was sent to', () => {
    const { server, client } = pair()
    client.send(CLIENT, server.port, Buffer.from('hello'), 5)
    client.flush()
    expect(all(server)).toEqual([{ host: SERVER, from: client.port, text: 'hello' }])
    server.send(SERVER, client.port, Buffer.from('and back'), 8)
    server.flush()
    expect(all(client)).toEqual([{ host: CLIENT, from: server.port, text: 'and back' }])
  })

  test('a window arrives block by block, the last one shorter, in one call', () => {
    const { server, client } = pair()
    const window = Buffer.from(new TextEncoder().encode('aaaabbbbccccd').buffer)
    const address = Number((native as Native).address(window.buffer))
    client.sendAll(CLIENT, server.port, address, window.length, 4)
    client.flush()
    expect(all(server, 1).map(({ text }) => text)).toEqual(['aaaa', 'bbbb', 'cccc', 'd'])
  })

  test('more datagrams than a batch holds, and a window larger than a message, all arrive', () => {
    const { server, client } = pair()
    for (let i = 0; i < 100; i++) client.send(CLIENT, server.port, Buffer.from([i]), 1)
    const window = Buffer.from(new ArrayBuffer(200_000))
    for (let i = 0; i < 200; i++) window.fill(i, i * 1000, i * 1000 + 1000)
    client.sendAll(CLIENT, server.port, Number((native as Native).address(window.buffer)), window.length, 1000)
    client.flush()
    const got = all(server, 10)
    expect(got).toHaveLength(300)
    expect(got.map(({ text }) => text.charCodeAt(0))).toEqual([...range(100), ...range(200)])
    expect(client.sendErrors).toBe(0)
  })

  test('what does not come from the server is not handed over', () => {
    const { server, client } = pair()
    client.send(CLIENT + 1, server.port, Buffer.from('not the server'), 8)
    client.flush()
    expect(all(server)).toEqual([])
  })

  function pair(): { server: HostPort; client: HostPort } {
    const server = new HostPort(hostNetwork(native as Native, hostAddress(CLIENT), 1), 0)
    const client = new HostPort(hostNetwork(native as Native, hostAddress(SERVER), 1), 0)
    open.push(server, client)
    return { server, client }
  }
})

test('a datagram that the system refuses is counted, and the others leave', () => {
  const answers = [-linux.EINVAL, -linux.EINTR, 1]
  const fake = fakeNative({ sendmmsg: () => answers.shift() ?? 1 })
  const port = new HostPort(hostNetwork(fake, '127.0.0.1', 69), 0)
  port.send(1, 69, Buffer.from('one'), 3)
  port.send(2, 69, Buffer.from('two'), 3)
  port.flush()
  expect(answers).toEqual([])
  expect(port.sendErrors).toBe(1)
})

test('a socket that cannot be bound is closed again', () => {
  const closed: number[] = []
  const fake = fakeNative({ bind: () => -13, close: (fd) => closed.push(fd) })
  expect(() => new HostPort(hostNetwork(fake, '127.0.0.1', 69), 0)).toThrow(/EACCES/)
  expect(closed).toEqual([7])
})

interface Got {
  readonly host: number
  readonly from: number
  readonly text: string
}

/** What is there within `batches` calls; loopback has delivered when the sending call returns. */
function all(port: HostPort, batches = 1): Got[] {
  const got: Got[] = []
  const received = (
    host: number,
    _port: HostSender,
    from: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void => {
    got.push({ host, from, text: Buffer.from(buffer.subarray(offset, offset + length)).toString('latin1') })
  }
  for (let i = 0; i < batches; i++) port.receive(received)
  return got
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

function fakeNative(some: Partial<Native>): Native {
  const zero = (): number => 0
  return { socket: () => 7, bind: zero, getsockname: zero, setsockopt: zero, address: () => 0n, ...some } as Native
}
