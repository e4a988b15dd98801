import { describe, expect, test } from 'vitest'
import { FakeNative } from '../../../test/double/native.ts'
import { ClientSendQueue } from './send-queue.ts'
import * as linux from '../native/linux.ts'
import { writeSockaddr } from '../native/sockaddr.ts'

/** Blocks of 100 bytes, the last of `lastSeq` shorter. */
const frame =
  (lastSeq: number) =>
  (seq: number, target: Uint8Array): number => {
    target.fill(seq)
    return seq === lastSeq ? 40 : 100
  }

function sendQueue(): { native: FakeNative; box: ClientSendQueue; drained: () => number } {
  const native = new FakeNative()
  let drained = 0
  const box = new ClientSendQueue(native, () => drained++)
  const name = new Uint8Array(linux.SOCKADDR.bytes)
  box.use(5, new Uint32Array(name.buffer), writeSockaddr(native, name, '127.0.0.1', 69))
  return { native, box, drained: () => drained }
}

describe('what a client sends', () => {
  test('is collected, a window is one message, and all of it one call', () => {
    const { native, box } = sendQueue()
    box.control(Uint8Array.of(0, 4, 0, 1), 4)
    box.blocks({ frame: frame(8) }, 1, 8, 100)
    expect(native.calls).toBe(0)
    expect(box.flush()).toBe(0)
    expect(native.calls).toBe(1)
    expect(native.sent).toEqual([
      { fd: 5, port: 69, bytes: 4, segment: 0 },
      { fd: 5, port: 69, bytes: 740, segment: 100 },
    ])
    box.flush()
    expect(native.calls).toBe(1)
  })

  test('a block alone is a plain datagram; more blocks than the kernel cuts up are several messages', () => {
    const { native, box } = sendQueue()
    box.blocks({ frame: frame(0) }, 1, 1, 100)
    box.blocks({ frame: frame(0) }, 1, 100, 100)
    box.flush()
    expect(native.sent.map(({ bytes, segment }) => [bytes, segment])).toEqual([
      [100, 0],
      [6400, 100],
      [3600, 100],
    ])
  })

  test('more than fits one call leaves in several', () => {
    const { native, box } = sendQueue()
    for (let i = 0; i < 40; i++) box.control(Uint8Array.of(0, 4, 0, i), 4)
    box.flush()
    expect(native.sent).toHaveLength(40)
    expect(native.calls).toBe(3)
  })

  test('what the frame throws is thrown on, and the blocks before it leave', () => {
    const { native, box } = sendQueue()
    const broken = (seq: number, target: Uint8Array): number => {
      if (seq === 3) throw new Error('changed')
      return frame(0)(seq, target)
    }
    expect(() => box.blocks({ frame: broken }, 1, 8, 100)).toThrow('changed')
    box.flush()
    expect(native.sent).toEqual([{ fd: 5, port: 69, bytes: 200, segment: 100 }])
  })

  test.each([linux.EINVAL, linux.EIO, linux.EMSGSIZE])(
    'where the kernel cuts nothing up (errno %d) the blocks leave one by one, and so do later ones',
    (errno) => {
      const { native, box } = sendQueue()
      native.answers.push(-errno)
      box.blocks({ frame: frame(3) }, 1, 3, 100)
      expect(box.flush()).toBe(0)
      box.blocks({ frame: frame(0) }, 4, 2, 100)
      box.flush()
      expect(native.sent.map(({ bytes, segment }) => [bytes, segment])).toEqual([
        [100, 0],
        [100, 0],
        [40, 0],
        [100, 0],
        [100, 0],
      ])
    },
  )

  test('ICMP for an earlier datagram is taken from the socket, and the datagram that met it leaves', () => {
    const { native, box, drained } = sendQueue()
    native.answers.push(-linux.ECONNREFUSED)
    box.control(Uint8Array.of(0, 4, 0, 1), 4)
    expect(box.flush()).toBe(0)
    expect(drained()).toBe(1)
    expect(native.sent).toHaveLength(1)
  })

  test('a full buffer is waited for once; what does not fit then is lost, the rest leaves', () => {
    const { native, box } = sendQueue()
    native.answers.push(-linux.EAGAIN, -linux.EAGAIN)
    box.control(Uint8Array.of(0, 4, 0, 1), 4)
    box.control(Uint8Array.of(0, 4, 0, 2, 0), 5)
    expect(box.flush()).toBe(linux.EAGAIN)
    expect(native.sent.map(({ bytes }) => bytes)).toEqual([5])
  })

  test('a system that refuses for good says why, and is not asked for ever', () => {
    const { native, box } = sendQueue()
    native.answers.push(...Array.from({ length: 50 }, () => -linux.ENETUNREACH))
    box.control(Uint8Array.of(0, 1), 2)
    expect(box.flush()).toBe(linux.ENETUNREACH)
    expect(native.calls).toBeLessThan(12)
  })
})
