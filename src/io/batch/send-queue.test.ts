import { beforeEach, describe, expect, test } from 'vitest'
import { FakeNative } from '../../../test/double/native.ts'
import { SendQueue } from './send-queue.ts'
import type { Route } from './send-queue.ts'
import type { Mapped } from '../driver.ts'
import * as linux from '../native/linux.ts'
import { newStats } from '../driver-stats.ts'

let native: FakeNative
let sendQueue: SendQueue
let drained: number[]
let unreadable: number[]
const stats = newStats()
const failedSends = (): number => Object.values(stats.sendErrors).reduce((sum, count) => sum + count, 0)

beforeEach(() => {
  native = new FakeNative()
  drained = []
  unreadable = []
  Object.assign(stats, newStats())
  sendQueue = new SendQueue({ native, stats, unreadable: ({ names }) => unreadable.push(names[0] >>> 24) })
})

function route(port: number, socket = socketOf(7)): Route {
  const names = new Uint32Array(8)
  names[0] = linux.AF_INET | ((port >> 8) << 16) | ((port & 255) << 24)
  return { socket, names, nameAt: 0, nameBytes: 16, segments: true }
}

function socketOf(fd: number): Route['socket'] {
  return { fd, drainErrors: () => drained.push(fd) }
}

const full = (_seq: number, target: Uint8Array): number => target.length
const ports = (): number[] => native.sent.map((one) => one.port)

describe('what goes out', () => {
  test('a window is one message that the kernel cuts up; its end may be shorter', () => {
    sendQueue.blocks(route(69), { frame: (seq, target) => (seq === 16 ? 10 : target.length) }, 1, 16, 1432)
    sendQueue.flush()
    expect(native.sent).toEqual([{ fd: 7, port: 69, bytes: 15 * 1432 + 10, segment: 1432 }])
  })

  test('a single block, and a control packet, are plain', () => {
    const to = route(70)
    sendQueue.blocks(to, { frame: full }, 1, 1, 516)
    sendQueue.control(to, new Uint8Array(4), 4)
    sendQueue.flush()
    expect(native.sent.map(({ bytes, segment }) => [bytes, segment])).toEqual([
      [516, 0],
      [4, 0],
    ])
    expect(native.calls).toBe(1)
  })

  test.each([
    [516, 64],
    [1432, 45],
    [8196, 7],
    [65_468, 1],
  ])('of blocks of %d bytes at most %d are in a message', (maxBytes, most) => {
    sendQueue.blocks(route(69), { frame: full }, 1, 100, maxBytes)
    sendQueue.flush()
    const counts = native.sent.map(({ bytes }) => bytes / maxBytes)
    expect(Math.max(...counts)).toBe(most)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100)
    expect(native.sent.every(({ bytes }) => bytes <= 65_507)).toBe(true)
  })

  test('what the frame throws is thrown on, and the blocks before it leave', () => {
    const frame = (seq: number, target: Uint8Array): number => {
      if (seq === 3) throw new RangeError('shrunk')
      return target.length
    }
    expect(() => sendQueue.blocks(route(69), { frame: frame }, 1, 5, 100)).toThrow('shrunk')
    sendQueue.flush()
    expect(native.sent).toEqual([{ fd: 7, port: 69, bytes: 200, segment: 100 }])
  })

  test('one call for each socket, in order', () => {
    const [a, b] = [socketOf(7), socketOf(8)]
    for (const [port, socket] of [
      [1, a],
      [2, a],
      [3, b],
      [4, a],
    ] as const) {
      sendQueue.control(route(port, socket), new Uint8Array(4), 4)
    }
    sendQueue.flush()
    expect(native.sent.map(({ fd, port }) => [fd, port])).toEqual([
      [7, 1],
      [7, 2],
      [8, 3],
      [7, 4],
    ])
    expect(native.calls).toBe(3)
  })
})

test('a route that closes takes what waits for it along, and leaves the others their shared call', () => {
  const [a, b] = [route(1), route(2)]
  sendQueue.blocks(a, { frame: full }, 1, 1, 100)
  sendQueue.finish(b)
  expect(ports()).toEqual([])
  sendQueue.finish(a)
  expect(ports()).toEqual([1])
})

describe('what is mapped', () => {
  const mapped = (until: number): Mapped => ({
    addressOf: (seq) => (seq < until ? 0x7f00_1234_0000 + (seq - 1) * 512 : 0),
    headOf: (seq) => 0x0003_0000 | seq,
  })

  test('is sent as heads from here and payload from there, a window in one message', () => {
    sendQueue.blocks(route(69), { frame: full }, 1, 2, 516, mapped(9))
    sendQueue.flush()
    const pieces = [
      [0x0003_0001, 0x7f00_1234_0000],
      [0x0003_0002, 0x7f00_1234_0200],
    ]
    expect(native.sent).toEqual([{ fd: 7, port: 69, bytes: 1032, segment: 516, pieces }])
  })

  test('has left before a block is framed, so that what is checked then holds for it', () => {
    const to = route(69)
    sendQueue.control(route(70), new Uint8Array(4), 4)
    const frame = (_seq: number, target: Uint8Array): number => {
      expect(native.sent.map(({ port }) => port)).toEqual([70, 69])
      return target.length
    }
    sendQueue.blocks(to, { frame: frame }, 1, 4, 516, mapped(4))
    expect(native.sent.length).toBe(2)
    sendQueue.flush()
    expect(native.sent.map(({ bytes, pieces }) => [bytes, pieces?.length ?? 0])).toEqual([
      [4, 0],
      [3 * 516, 3],
      [516, 0],
    ])
  })

  test('a slot that was sent in pieces is a slot again', () => {
    sendQueue.blocks(route(69), { frame: full }, 1, 1, 516, mapped(9))
    sendQueue.flush()
    sendQueue.control(route(69), new Uint8Array(4), 4)
    sendQueue.flush()
    expect(native.sent[1]).toEqual({ fd: 7, port: 69, bytes: 4, segment: 0 })
  })

  test('EFAULT is reported for that transfer alone, after the others have left', () => {
    native.answers.push(1, -linux.EFAULT)
    for (const port of [1, 2, 3]) sendQueue.blocks(route(port), { frame: full }, 1, 1, 516, mapped(9))
    sendQueue.flush()
    expect(ports()).toEqual([1, 3])
    expect(unreadable).toEqual([2])
    expect(failedSends()).toBe(0)
  })

  test('is cut up here where the kernel will not', () => {
    native.answers.push(-linux.EMSGSIZE)
    sendQueue.blocks(route(69), { frame: full }, 1, 3, 516, mapped(9))
    sendQueue.flush()
    expect(native.sent.map(({ bytes, pieces }) => [bytes, pieces?.[0]])).toEqual([
      [516, [0x0003_0001, 0x7f00_1234_0000]],
      [516, [0x0003_0002, 0x7f00_1234_0200]],
      [516, [0x0003_0003, 0x7f00_1234_0400]],
    ])
  })
})

describe('what the kernel refuses', () => {
  const send = (count: number): void => {
    for (let port = 1; port <= count; port++) sendQueue.control(route(port), new Uint8Array(4), 4)
    sendQueue.flush()
  }

  test('the rest of a call that took some is sent by the next', () => {
    native.answers.push(2)
    send(5)
    expect(ports()).toEqual([1, 2, 3, 4, 5])
  })

  test.each([
    ['EPERM', linux.EPERM, 'sendErrors'],
    ['EMSGSIZE', linux.EMSGSIZE, 'sendErrors'],
    ['EINVAL', linux.EINVAL, 'sendErrors'],
    ['ENOBUFS', linux.ENOBUFS, 'dropped'],
    ['ENOMEM', linux.ENOMEM, 'dropped'],
    ['EACCES', linux.EACCES, 'sendErrors'],
  ] as const)('%s costs that datagram alone, and is counted by its name', (name, errno, counter) => {
    native.answers.push(1, -errno)
    send(3)
    expect(ports()).toEqual([1, 3])
    expect(counter === 'dropped' ? stats.dropped : stats.sendErrors[name]).toBe(1)
    expect(failedSends() + stats.dropped).toBe(1)
  })

  test('EINTR is tried again', () => {
    native.answers.push(-linux.EINTR, -linux.EINTR)
    send(1)
    expect(ports()).toEqual([1])
    expect(failedSends() + stats.dropped).toBe(0)
  })

  test('a full buffer is waited for, once; then the datagram is dropped', () => {
    native.answers.push(-linux.EAGAIN)
    send(1)
    expect([ports(), stats.dropped]).toEqual([[1], 0])
    native.answers.push(-linux.EAGAIN, -linux.EAGAIN)
    send(2)
    expect([ports(), stats.dropped]).toEqual([[1, 2], 1])
    native.answers.push(-linux.EAGAIN)
    native.polls.push(0)
    send(1)
    expect([ports(), stats.dropped]).toEqual([[1, 2], 2])
  })

  test.each([linux.ECONNREFUSED, linux.EHOSTUNREACH, linux.ENETUNREACH])(
    'errno %d of an earlier datagram is taken away and costs nothing',
    (errno) => {
      native.answers.push(-errno, -errno)
      send(2)
      expect(ports()).toEqual([1, 2])
      expect(drained).toEqual([7, 7])
      expect(failedSends()).toBe(0)
    },
  )

  test('a network that is gone ends after a few tries', () => {
    for (let i = 0; i < 9; i++) native.answers.push(-linux.ENETUNREACH)
    send(2)
    expect(ports()).toEqual([2])
    expect(failedSends()).toBe(1)
  })

  test.each([linux.EINVAL, linux.EIO, linux.EMSGSIZE])(
    'errno %d for a window: it is cut up here, then and from then on',
    (errno) => {
      const to = route(69)
      native.answers.push(-errno)
      sendQueue.blocks(to, { frame: (seq, target) => (seq === 4 ? 10 : target.length) }, 1, 4, 1432)
      sendQueue.flush()
      const plain = [1432, 1432, 1432, 10].map((bytes) => ({ fd: 7, port: 69, bytes, segment: 0 }))
      expect(native.sent).toEqual(plain)
      native.sent.length = 0
      sendQueue.blocks(to, { frame: (seq, target) => (seq === 4 ? 10 : target.length) }, 1, 4, 1432)
      sendQueue.flush()
      expect(native.sent).toEqual(plain)
      expect(failedSends()).toBe(0)
    },
  )
})
