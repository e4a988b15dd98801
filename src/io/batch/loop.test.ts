import { afterEach, expect, test } from 'vitest'
import { BatchLoop } from './loop.ts'
import * as linux from '../native/linux.ts'
import type { Native } from '../native/linux.ts'

/** Everything always has something to read. */
const flooded = {
  loopFd: 3,
  poll(fds: Uint8Array, count: number): number {
    const view = new DataView(fds.buffer)
    for (let i = 1; i < count; i++) {
      view.setInt16(i * linux.POLLFD.bytes + linux.POLLFD.revents, linux.POLLIN, true)
    }
    return count
  },
} as unknown as Native

const inputs: string[] = []
const host = { native: flooded, now: () => 0, flush() {}, timer() {}, requests() {} }
const loop = new BatchLoop(host, 2)

function socket(name: string, isListening: boolean) {
  return { fd: 4, isListening, hasLost: false, receive: () => inputs.push(name) }
}

afterEach(() => loop.close())

test('before a request what has arrived for transfers is handled once: a flood must not keep requests waiting', () => {
  loop.add(socket('transfers', false))
  loop.add(socket('requests', true))
  loop.add(socket('more transfers', false))
  loop.running = true
  loop.catchUp()
  expect(inputs).toEqual(['transfers', 'more transfers'])
})
