import { createSocket, Socket } from 'node:dgram'
import type { RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Peer } from '../endpoint/contract.ts'
import { createBatchDriver } from './batch/driver.ts'
import { createDgramDriver } from './dgram/driver.ts'
import type { DgramOptions } from './dgram/driver.ts'
import type { Driver, DriverHandlers } from './driver.ts'
import type { InterfaceTable } from './interfaces.ts'
import { EPERM } from './native/linux.ts'
import type { Native } from './native/linux.ts'
import { probeBatch } from './native/probe.ts'

const RRQ = Buffer.from('\0\x01a\0octet\0')
const ACK1 = Buffer.from([0, 4, 0, 1])
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === '::1'))
/** The foreign functions, or why they cannot be had: only the tests of `dgram` run then. */
const native = probeBatch()
let driverName: 'dgram' | 'batch' = 'dgram'
const closing: { close(): void }[] = []

afterEach(() => {
  for (const one of closing.splice(0)) one.close()
})

interface Input {
  readonly what: 'request' | 'datagram' | 'unreachable' | 'timer' | 'listenerFailed'
  readonly peer?: Peer
  readonly owner?: string
  readonly text?: string
  readonly address?: string
}

/** A driver whose every input can be awaited. */
class Harness implements DriverHandlers<string> {
  readonly driver: Driver<string>
  readonly inputs: Input[] = []
  #waiting: (() => void) | undefined

  constructor(options: Partial<DgramOptions> = {}, overrides: Partial<Native> = {}) {
    const all = { isNear: (address: string) => address.startsWith('127.'), ...options }
    this.driver =
      driverName === 'batch' && typeof native !== 'string'
        ? createBatchDriver(this, { ...all, native: { ...native, ...overrides } })
        : createDgramDriver(this, all)
    closing.push(this.driver)
  }

  request(_now: number, peer: Peer, buffer: Uint8Array, offset: number, length: number): void {
    this.#add({ what: 'request', peer, text: Buffer.from(buffer).toString('latin1', offset, offset + length) })
  }

  datagram(_now: number, owner: string, buffer: Uint8Array, offset: number, length: number): void {
    this.#add({ what: 'datagram', owner, text: Buffer.from(buffer).toString('latin1', offset, offset + length) })
  }

  /** Of shared sockets only; the tests of the batch driver look at it. */
  /** Here the letter `a` is what tells a request from the rest. */
  isRequest(buffer: Uint8Array, offset: number, length: number): boolean {
    return buffer.subarray(offset, offset + length).includes(0x61)
  }

  stray(): undefined {}

  unreachable(_now: number, owner: string): void {
    this.#add({ what: 'unreachable', owner })
  }

  unreadable(): void {}

  timer(): void {
    this.#add({ what: 'timer' })
  }

  listenerFailed(address: string): void {
    this.#add({ what: 'listenerFailed', address })
  }

  async next(): Promise<Input> {
    while (this.inputs.length === 0) await new Promise<void>((resolve) => (this.#waiting = resolve))
    return this.inputs.shift() as Input
  }

  #add(one: Input): void {
    this.inputs.push(one)
    this.#waiting?.()
  }
}

class Client {
  readonly socket: Socket
  readonly #inbox: { data: Buffer; from: RemoteInfo }[] = []
  #waiting: (() => void) | undefined

  static async open(address = '127.0.0.1'): Promise<Client> {
    const client = new Client(createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(0, address))
    await once(client.socket, 'listening')
    return client
  }

  constructor(socket: Socket) {
    this.socket = socket
    closing.push(this)
    socket.on('message', (data, from) => {
      this.#inbox.push({ data, from })
      this.#waiting?.()
    })
  }

  get port(): number {
    return this.socket.address().port
  }

  send(data: Uint8Array, port: number, address = '127.0.0.1'): void {
    this.socket.send(data, port, address)
  }

  async next(): Promise<{ data: Buffer; from: RemoteInfo }> {
    while (this.#inbox.length === 0) await new Promise<void>((resolve) => (this.#waiting = resolve))
    return this.#inbox.shift() as { data: Buffer; from: RemoteInfo }
  }

  close(): void {
    try {
      this.socket.close()
    } catch {
      // Closed by the test already.
    }
  }
}

const peerOf = (client: Client, local = '127.0.0.1'): Peer => ({
  address: client.socket.address().address,
  port: client.port,
  local,
  near: true,
})

const block = (seq: number, target: Uint8Array): number => {
  target.fill(seq & 255)
  return target.length
}

describe.each(['dgram', 'batch'] as const)('%s', (name) => {
  beforeEach((context) => {
    driverName = name
    if (name === 'batch' && typeof native === 'string') context.skip(native)
  })

  describe('listening', () => {
    test('a request comes with its peer, and the answer leaves from where it was asked', async () => {
      const harness = new Harness()
      const bound = await harness.driver.listen('127.0.0.1', 0)
      const client = await Client.open()
      client.send(RRQ, bound.port)
      const { peer, text } = await harness.next()
      expect(peer).toEqual({ address: '127.0.0.1', port: client.port, local: '127.0.0.1', near: true })
      expect(text).toBe(RRQ.toString('latin1'))
      harness.driver.reply(peer as Peer, Buffer.from('answer and more'), 6)
      const answer = await client.next()
      expect(answer.data.toString()).toBe('answer')
      expect(answer.from.port).toBe(bound.port)
    })

    test('the wildcard is one socket per address, so replies leave from the address that was asked', async () => {
      const table = fakeTable('127.0.0.1', '127.0.0.2')
      const harness = new Harness({ interfaces: () => table })
      const bound = await harness.driver.listen('0.0.0.0', 0)
      expect(bound.address).toBe('0.0.0.0')
      expect(bound.addresses()).toEqual(['127.0.0.1', '127.0.0.2'])
      const client = await Client.open()
      client.send(RRQ, bound.port, '127.0.0.2')
      const { peer } = await harness.next()
      expect(peer?.local).toBe('127.0.0.2')
      harness.driver.reply(peer as Peer, ACK1, 4)
      expect((await client.next()).from.address).toBe('127.0.0.2')
      const tid = await harness.driver.openTid(peer as Peer, 'x')
      closing.push(tid)
      tid.sendControl(ACK1, 4)
      expect((await client.next()).from).toMatchObject({ address: '127.0.0.2', port: tid.localPort })
    })

    test('addresses are followed as they come, and kept when their card loses its link', async () => {
      let table = fakeTable('127.0.0.1')
      const harness = new Harness({ interfaces: () => table })
      const bound = await harness.driver.listen('0.0.0.0', 0)
      const client = await Client.open()
      table = fakeTable('127.0.0.1', '127.0.0.3')
      await harness.driver.rescan()
      client.send(RRQ, bound.port, '127.0.0.3')
      expect((await harness.next()).peer?.local).toBe('127.0.0.3')
      table = fakeTable('127.0.0.1')
      await harness.driver.rescan()
      expect(bound.addresses()).toEqual(['127.0.0.1'])
      client.send(RRQ, bound.port, '127.0.0.3')
      expect((await harness.next()).peer?.local).toBe('127.0.0.3')
    })

    test('one address of the wildcard that another program holds is reported, and the others are served', async () => {
      const other = await Client.open('127.0.0.2')
      const harness = new Harness({ interfaces: () => fakeTable('127.0.0.1', '127.0.0.2') })
      const bound = await harness.driver.listen('0.0.0.0', other.port)
      expect(await harness.next()).toEqual({ what: 'listenerFailed', address: '127.0.0.2' })
      expect(bound.addresses()).toEqual(['127.0.0.1'])
      await harness.driver.rescan()
      expect(harness.inputs).toEqual([])
      other.close()
      await harness.driver.rescan()
      expect(bound.addresses()).toEqual(['127.0.0.1', '127.0.0.2'])
    })

    test.runIf(hasIpv6)('IPv6', async () => {
      const harness = new Harness({ isNear: (address) => address === '::1' })
      const bound = await harness.driver.listen('::1', 0)
      const client = await Client.open('::1')
      client.send(RRQ, bound.port, '::1')
      const { peer } = await harness.next()
      expect(peer).toEqual({ address: '::1', port: client.port, local: '::1', near: true })
      const tid = await harness.driver.openTid(peer as Peer, 'six')
      closing.push(tid)
      tid.sendBlocks({ frame: block }, 1, 2, 12)
      expect((await client.next()).data).toEqual(Buffer.alloc(12, 1))
    })

    test.each([
      ['a port that is taken', 'EADDRINUSE', 'another program has this port'],
      ['an address that is nowhere', 'EADDRNOTAVAIL', 'ip addr add 198.51.100.9/24 dev '],
    ])('%s is one line that says what to do', async (_, code, words) => {
      const other = await Client.open()
      const driver = new Harness().driver
      const taken = code === 'EADDRINUSE'
      const error = await driver.listen(taken ? '127.0.0.1' : '198.51.100.9', taken ? other.port : 0).catch((e) => e)
      expect(error).toMatchObject({ code: 'ERR_TFTP_BIND', fault: 'local', cause: { code } })
      expect(error.message).toContain(words)
      expect(error.message).not.toContain('\n')
    })

    test('a wildcard whose port is taken everywhere fails as well', async () => {
      const other = await Client.open('0.0.0.0')
      const harness = new Harness({ interfaces: () => fakeTable('127.0.0.1', '127.0.0.2') })
      await expect(harness.driver.listen('0.0.0.0', other.port)).rejects.toMatchObject({ code: 'ERR_TFTP_BIND' })
    })
  })

  describe('TIDs', () => {
    test('have ports of their own, and hear only their peer', async () => {
      const harness = new Harness()
      const [client, stranger] = [await Client.open(), await Client.open()]
      const first = await harness.driver.openTid(peerOf(client), 'first')
      const second = await harness.driver.openTid(peerOf(client), 'second')
      closing.push(first, second)
      expect(first.localPort).not.toBe(second.localPort)
      stranger.send(Buffer.from('wrong'), first.localPort)
      client.send(ACK1, first.localPort)
      expect(await harness.next()).toEqual({ what: 'datagram', owner: 'first', text: '\0\x04\0\x01' })
      client.send(ACK1, second.localPort)
      expect((await harness.next()).owner).toBe('second')
    })

    test('a window arrives in order, whole, with the final block shorter', async () => {
      const harness = new Harness()
      const client = await Client.open()
      const tid = await harness.driver.openTid(peerOf(client), 'x')
      closing.push(tid)
      tid.sendBlocks({ frame: (seq, target) => (seq === 20 ? 5 : block(seq, target)) }, 1, 20, 516)
      for (let seq = 1; seq <= 19; seq++) expect((await client.next()).data).toEqual(Buffer.alloc(516, seq))
      expect((await client.next()).data.length).toBe(5)
    })

    test('what the frame throws is thrown on, and the blocks before it have left', async () => {
      const harness = new Harness()
      const client = await Client.open()
      const tid = await harness.driver.openTid(peerOf(client), 'x')
      closing.push(tid)
      const frame = (seq: number, target: Uint8Array): number => {
        if (seq === 3) throw new RangeError('shrunk')
        return block(seq, target)
      }
      expect(() => tid.sendBlocks({ frame: frame }, 1, 5, 16)).toThrow('shrunk')
      expect([(await client.next()).data[0], (await client.next()).data[0]]).toEqual([1, 2])
    })

    test('a client that vanished is reported as unreachable, not as a crash', async () => {
      const harness = new Harness()
      const client = await Client.open()
      const tid = await harness.driver.openTid(peerOf(client), 'gone')
      closing.push(tid)
      client.close()
      tid.sendBlocks({ frame: block }, 1, 1, 16)
      expect(await harness.next()).toEqual({ what: 'unreachable', owner: 'gone' })
    })

    test('what a client sent before it vanished is handled first', async () => {
      const harness = new Harness()
      const client = await Client.open()
      const tid = await harness.driver.openTid(peerOf(client), 'gone')
      closing.push(tid)
      client.socket.connect(tid.localPort, '127.0.0.1')
      await once(client.socket, 'connect')
      client.socket.send(ACK1)
      client.socket.send(ACK1)
      client.close()
      tid.sendBlocks({ frame: block }, 1, 1, 16)
      const inputs = [await harness.next(), await harness.next(), await harness.next()]
      expect(inputs.map((one) => one.what)).toEqual(['datagram', 'datagram', 'unreachable'])
    })

    test('datagrams that are too large are counted and harm nothing', async () => {
      const harness = new Harness()
      const client = await Client.open()
      const tid = await harness.driver.openTid(peerOf(client), 'x')
      closing.push(tid)
      tid.sendBlocks({ frame: block }, 1, 1, 65_530)
      tid.sendBlocks({ frame: block }, 7, 1, 16)
      expect((await client.next()).data[0]).toBe(7)
      expect(harness.driver.stats.sendErrors).toEqual({ EMSGSIZE: 1 })
    })

    test('what a firewall of this machine eats is counted as EPERM', async () => {
      const harness = new Harness({}, { sendmmsg: () => -EPERM })
      const bound = await harness.driver.listen('127.0.0.1', 0)
      const client = await Client.open()
      client.send(RRQ, bound.port)
      const { peer } = await harness.next()
      const tid = await harness.driver.openTid(peerOf(client), 'x')
      closing.push(tid)
      const send = vi.spyOn(Socket.prototype, 'send').mockImplementation((...args: unknown[]) => {
        const report = args.at(-1)
        if (typeof report === 'function') report(Object.assign(new Error('send EPERM'), { code: 'EPERM' }))
      })
      try {
        harness.driver.reply(peer as Peer, ACK1, 4)
        tid.sendControl(ACK1, 4)
        tid.sendBlocks({ frame: block }, 1, 2, 16)
      } finally {
        send.mockRestore()
      }
      // Of a window the kernel refuses one message, and Node reports the last of its datagrams.
      expect(harness.driver.stats.sendErrors).toEqual({ EPERM: 3 })
      expect(harness.driver.stats).toMatchObject({ dropped: 0, receiveErrors: 0, arrivals: 1 })
    })

    test('nothing is handled or sent after close', async () => {
      const harness = new Harness()
      const client = await Client.open()
      const tid = await harness.driver.openTid(peerOf(client), 'x')
      tid.close()
      tid.close()
      tid.sendControl(ACK1, 4)
      tid.sendBlocks({ frame: block }, 1, 1, 16)
      client.send(ACK1, tid.localPort)
      const other = await harness.driver.openTid(peerOf(client), 'other')
      closing.push(other)
      client.send(ACK1, other.localPort)
      expect((await harness.next()).owner).toBe('other')
    })
  })

  test('deadlines ring', async () => {
    const harness = new Harness()
    const at = harness.driver.now() + 10
    harness.driver.deadline(at)
    expect(await harness.next()).toEqual({ what: 'timer' })
    expect(harness.driver.now()).toBeGreaterThanOrEqual(at)
  })
})

describe.each(['dgram', 'batch'] as const)('a single port of %s', (name) => {
  beforeEach(() => {
    driverName = name
  })

  test.skipIf(name === 'batch' && typeof native === 'string')(
    'is shared; the handlers say what is a request',
    async () => {
      const harness = new Harness({ singlePort: true })
      const bound = await harness.driver.listen('127.0.0.1', 0)
      const [one, two, third] = [await Client.open(), await Client.open(), await Client.open()]
      const first = await harness.driver.openTid(peerOf(one), 'first')
      const second = await harness.driver.openTid(peerOf(two), 'second')
      expect([first.localPort, second.localPort]).toEqual([bound.port, bound.port])
      second.sendBlocks({ frame: block }, 1, 1, 16)
      expect((await two.next()).from.port).toBe(bound.port)

      two.send(ACK1, bound.port)
      expect((await harness.next()).owner).toBe('second')
      one.send(ACK1, bound.port)
      expect((await harness.next()).owner).toBe('first')
      one.send(RRQ, bound.port)
      expect((await harness.next()).what).toBe('request')
      third.send(ACK1, bound.port)
      expect(await harness.next()).toMatchObject({ what: 'request', peer: { port: third.port } })
      first.close()
      one.send(ACK1, bound.port)
      expect((await harness.next()).what).toBe('request')
    },
  )
})

function fakeTable(...addresses: string[]): InterfaceTable {
  return {
    lo: addresses.map((address) => ({
      address,
      netmask: '255.0.0.0',
      family: 'IPv4' as const,
      mac: '00:00:00:00:00:00',
      internal: true,
      cidr: `${address}/8`,
    })),
  }
}
