import { afterEach, expect, test } from 'vitest'
import { FakeNative } from '../../../test/double/native.ts'
import { BatchClientSocket } from './batch.ts'
import { ClientLoop } from './batch-loop.ts'
import type { ClientSocketHandlers } from './socket.ts'

let socket: BatchClientSocket | undefined

afterEach(() => socket?.close())

/** A socket to which `answer` is what its owner does about a datagram, and what is with the kernel when it hears `left`. */
function open(answer: (socket: BatchClientSocket) => void): { native: FakeNative; whenLeft: number[] } {
  const native = new FakeNative()
  const whenLeft: number[] = []
  const handlers: ClientSocketHandlers = {
    datagram: () => answer(socket as BatchClientSocket),
    unreachable: () => {},
    timer: () => {},
    failed: () => {},
    left: () => whenLeft.push(native.sent.length),
  }
  socket = new BatchClientSocket(new ClientLoop(native, 2), { address: '127.0.0.1', port: 69 }, handlers)
  return { native, whenLeft }
}

test('what takes time is for when the answers to all that came have left', () => {
  const { native, whenLeft } = open((one) => one.sendControl(new Uint8Array(4), 4))
  native.inbox.push(69, 69, 69)
  expect(socket?.look(0)).toBe(3)
  expect(native.calls).toBe(1)
  expect(whenLeft).toEqual([3])
})

test('an owner that has closed the socket is left alone', () => {
  const { native, whenLeft } = open((one) => one.close())
  native.inbox.push(69)
  socket?.look(0)
  expect(whenLeft).toEqual([])
})
