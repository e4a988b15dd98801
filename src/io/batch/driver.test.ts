import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { FakeNative } from '../../../test/double/native.ts'
import type { Peer } from '../../endpoint/contract.ts'
import { createBatchDriver } from './driver.ts'
import type { Driver, DriverHandlers, Tid } from '../driver.ts'
import { loadNative } from '../native/linux.ts'
import * as linux from '../native/linux.ts'
import { probeBatch } from '../native/probe.ts'

const native = probeBatch()
const closing: { close(): void }[] = []
const ACK1 = Buffer.from([0, 4, 0, 1])

afterEach(() => {
  for (const one of closing.splice(0)) one.close()
})

describe.skipIf(typeof native === 'string')('the batch driver', () => {
  test('hands over a datagram that is no transfer’s, and sends back what it is given', async () => {
    const { driver, inputs } = open()
    const [client, other] = [await clientSocket(), await clientSocket()]
    const tid = await driver.openTid(peerOf(client), 'x')
    closing.push(tid)
    other.send(ACK1, tid.localPort, '127.0.0.1')
    const [answer, from] = (await once(other, 'message')) as [Buffer, { port: number }]
    expect([...answer]).toEqual([0, 5, 0, 5, 0])
    expect(from.port).toBe(tid.localPort)
    expect(inputs).toEqual(['stray'])
  })

  test('a peer with more transfers than there are ports gets a socket of its own', async () => {
    const { driver, inputs } = open()
    const client = await clientSocket()
    const tids: Tid[] = []
    for (let i = 0; i < 10; i++) tids.push(await driver.openTid(peerOf(client), `t${i}`))
    closing.push(...tids)
    expect(new Set(tids.map((tid) => tid.localPort)).size).toBe(10)
    for (const tid of tids) client.send(ACK1, tid.localPort, '127.0.0.1')
    await until(() => inputs.length === 10)
    expect([...inputs].sort()).toEqual(tids.map((_, i) => `t${i}`))
  })

  test('what reached a transfer before a request is handled before it, though Node polls the listening socket first', async () => {
    const { driver, inputs } = open()
    const bound = await driver.listen('127.0.0.1', 0)
    const client = await clientSocket()
    const tid = await driver.openTid(peerOf(client), 'x')
    closing.push(tid)
    client.send(ACK1, tid.localPort, '127.0.0.1')
    client.send(Buffer.from('\0\x01a\0octet\0'), bound.port, '127.0.0.1')
    await until(() => inputs.length === 2)
    expect(inputs).toEqual(['x', 'request'])
  })

  test('the answer to a lone datagram leaves at once, answers to those that came together share a system call', async () => {
    const { driver, inputs, sends, sentAtAnswer } = open({ answers: true })
    const [client, other] = [await clientSocket(), await clientSocket()]
    const [tid, second] = [await driver.openTid(peerOf(client), 'x'), await driver.openTid(peerOf(other), 'y')]
    closing.push(tid, second)
    expect(second.localPort).toBe(tid.localPort)
    client.send(ACK1, tid.localPort, '127.0.0.1')
    await until(() => inputs.length === 1)
    client.send(ACK1, tid.localPort, '127.0.0.1')
    other.send(ACK1, tid.localPort, '127.0.0.1')
    await until(() => inputs.length === 3)
    expect(sentAtAnswer).toEqual([1, 1, 1])
    expect(sends).toEqual([1, 2])
  })

  test('a client that asks again from its port meets another one of ours', async () => {
    const { driver } = open()
    const client = await clientSocket()
    const ports: number[] = []
    for (let i = 0; i < 8; i++) {
      const tid = await driver.openTid(peerOf(client), 'x')
      ports.push(tid.localPort)
      tid.close()
    }
    ports.forEach((port, i) => expect(port).not.toBe(ports[i - 1]))
  })

  test('deadlines ring while transfers are live, after what had arrived, and finer than 1 ms', async () => {
    const { driver, rung, inputs } = open()
    const client = await clientSocket()
    closing.push(await driver.openTid(peerOf(client), 'x'))
    for (let i = 1; i <= 20; i++) {
      const at = driver.now() + 0.3
      driver.deadline(at)
      await until(() => rung.length === i)
      expect(rung[i - 1]).toBeGreaterThanOrEqual(at)
    }
    expect(inputs).toEqual([])
  })

  test('a deadline that was set before the first transfer, or stands after the last, rings once', async () => {
    const { driver, rung } = open()
    const client = await clientSocket()
    driver.deadline(driver.now() + 20)
    const tid = await driver.openTid(peerOf(client), 'x')
    await until(() => rung.length === 1)
    driver.deadline(driver.now() + 20)
    tid.close()
    await until(() => rung.length === 2)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(rung.length).toBe(2)
  })

  test("Node's timers, files and sockets get their turn while a transfer is live, asleep or flooded", async () => {
    const { driver } = open({ answers: true })
    const client = await clientSocket()
    const tid = await driver.openTid(peerOf(client), 'x')
    closing.push(tid)
    // Each answer brings the next datagram: the loop never finds its socket empty for long.
    client.on('message', () => client.send(ACK1, tid.localPort, '127.0.0.1'))
    client.send(ACK1, tid.localPort, '127.0.0.1')
    const began = performance.now()
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(performance.now() - began).toBeLessThan(1000)
  })

  test('after it is closed nothing is sent through descriptors that may be other files by now', async () => {
    const { driver } = open()
    const client = await clientSocket()
    const tid = await driver.openTid(peerOf(client), 'x')
    driver.close()
    const other = await clientSocket()
    const received: string[] = []
    client.on('message', (data) => received.push(data.toString('latin1')))
    tid.sendControl(ACK1, 4)
    tid.sendBlocks({ frame: (_seq, target) => target.length }, 1, 2, 16)
    tid.close()
    await expect(driver.openTid(peerOf(client), 'y')).rejects.toMatchObject({ code: 'ERR_TFTP_BIND' })
    // What had been sent before would arrive before.
    other.send('last', client.address().port, '127.0.0.1')
    while (received.at(-1) !== 'last') await once(client, 'message')
    expect(received).toEqual(['last'])
    expect(driver.stats.sendErrors).toEqual({})
  })

  test('leaves no descriptor open', async () => {
    const before = readdirSync('/proc/self/fd').length
    const { driver } = open()
    const client = await clientSocket()
    await driver.openTid(peerOf(client), 'x')
    expect(readdirSync('/proc/self/fd').length).toBeGreaterThan(before)
    driver.close()
    client.close()
    await new Promise((resolve) => setImmediate(resolve))
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
  })
})

describe('where it cannot run', () => {
  test('the reason is named', () => {
    expect(probeBatch('no koffi')).toBe('no koffi')
    const fake = new FakeNative()
    fake.refuseSocket = linux.EPERM
    expect(probeBatch(fake)).toBe('the kernel refuses socket (errno 1)')
    const old = new FakeNative()
    old.answers.push(-linux.EINVAL)
    expect(probeBatch(old)).toBe('the kernel refuses sendmmsg with UDP_SEGMENT (Linux 4.18) (errno 22)')
    expect(old.closed.length).toBe(2)
    const deaf = new FakeNative()
    deaf.inbox.push(5)
    expect(probeBatch(deaf)).toBe('a window through loopback did not arrive as it was sent')
  })

  test.runIf(process.platform === 'linux')("Node's own loop can be waited for", () => {
    const loaded = loadNative()
    if (typeof loaded !== 'string') expect(loaded.loopFd).toBeGreaterThan(0)
  })
})

interface Opened {
  readonly driver: Driver<string>
  readonly inputs: string[]
  readonly rung: number[]
  /** Datagrams of each system call that sent. */
  readonly sends: number[]
  /** How many of these there were when an answer was given. */
  readonly sentAtAnswer: number[]
}

function open(how: { answers?: boolean } = {}): Opened {
  const inputs: string[] = []
  const sends: number[] = []
  const sentAtAnswer: number[] = []
  const rung: number[] = []
  const tids = new Map<string, Tid>()
  const handlers: DriverHandlers<string> = {
    request: () => inputs.push('request'),
    datagram: (_now, owner) => {
      inputs.push(owner)
      if (how.answers !== true) return
      tids.get(owner)?.sendControl(ACK1, 4)
      sentAtAnswer.push(sends.length)
    },
    isRequest: () => false,
    stray: () => {
      inputs.push('stray')
      return Uint8Array.of(0, 5, 0, 5, 0)
    },
    unreachable: () => {},
    unreadable: () => {},
    timer: (now) => rung.push(now),
    listenerFailed: () => {},
  }
  if (typeof native === 'string') throw new Error(native)
  const sendmmsg = (fd: number, messages: Uint8Array, count: number): number => {
    sends.push(count)
    return native.sendmmsg(fd, messages, count)
  }
  const driver = createBatchDriver(handlers, { native: { ...native, sendmmsg }, isNear: () => true })
  closing.push(driver)
  const openTid = driver.openTid.bind(driver)
  driver.openTid = async (peer, owner) => {
    const tid = await openTid(peer, owner)
    tids.set(owner, tid)
    return tid
  }
  return { driver, inputs, rung, sends, sentAtAnswer }
}

async function clientSocket(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  let isOpen = true
  socket.once('close', () => (isOpen = false))
  closing.push({
    close: () => {
      if (isOpen) socket.close()
    },
  })
  return socket
}

function peerOf(client: Socket): Peer {
  return { address: '127.0.0.1', port: client.address().port, local: '127.0.0.1', near: true }
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve))
}
