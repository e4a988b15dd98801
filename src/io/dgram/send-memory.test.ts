import { describe, expect, test } from 'vitest'
import { SendMemory } from './send-memory.ts'

describe('SendMemory', () => {
  test('views have the length asked for and share their memory', () => {
    const frames = new SendMemory()
    const whole = frames.view(516)
    whole[0] = 7
    const short = frames.view(4)
    expect([whole.length, short.length, short[0]]).toEqual([516, 4, 7])
    expect(frames.view(516)).toBe(whole)
  })

  test('released memory is never handed out again', () => {
    const frames = new SendMemory()
    const queued = frames.view(516).fill(1)
    frames.release(queued)
    frames.view(516).fill(2)
    frames.view(4).fill(3)
    expect(queued.every((byte) => byte === 1)).toBe(true)
    expect(frames.renewals).toBe(1)
  })

  test('memory of others is no reason to renew', () => {
    const frames = new SendMemory()
    const view = frames.view(100)
    frames.release(new Uint8Array(100))
    expect(frames.view(100)).toBe(view)
    expect(frames.renewals).toBe(0)
  })

  test('grows to the largest datagram, and many sizes cost no memory', () => {
    const frames = new SendMemory()
    for (let length = 0; length <= 65_507; length += 13) expect(frames.view(length).length).toBe(length)
    expect(frames.view(65_507).buffer.byteLength).toBe(65_536)
  })
})
