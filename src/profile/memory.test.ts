import { describe, expect, test } from 'vitest'
import type { Option, Request } from '../packet/index.ts'
import { DeviceMemory, fingerprint } from './memory.ts'

function request(options: readonly Option[], filename = 'test.bin'): Request {
  return { opcode: 1, filename, mode: 'octet', options }
}

const timeout = { name: 'timeout', value: '1' }

describe('DeviceMemory', () => {
  test('knows a device again by address and request, whatever file it asks for', () => {
    const memory = new DeviceMemory()
    memory.remember('10.0.0.1', request([timeout]), { window: { windowBlocks: 4, gapMs: 0 } })
    expect(memory.recall('10.0.0.1', request([timeout], 'other.bin'))).toEqual({
      window: { windowBlocks: 4, gapMs: 0 },
    })
    expect(memory.recall('10.0.0.2', request([timeout]))).toBeUndefined()
    expect(memory.recall('10.0.0.1', request([]))).toBeUndefined()
  })

  test('forgets the one that was not heard of for longest', () => {
    const memory = new DeviceMemory(2)
    memory.remember('10.0.0.1', request([]), {})
    memory.remember('10.0.0.2', request([]), {})
    memory.recall('10.0.0.1', request([]))
    memory.remember('10.0.0.3', request([]), {})
    expect(memory.recall('10.0.0.1', request([]))).toEqual({})
    expect(memory.recall('10.0.0.2', request([]))).toBeUndefined()
  })
})

test('the size of a file is no mark of a device, the order of its options is', () => {
  const size = (value: string) => ({ name: 'tsize', value })
  expect(fingerprint(request([size('0'), timeout]))).toBe(fingerprint(request([size('700'), timeout])))
  expect(fingerprint(request([size('0'), timeout]))).not.toBe(fingerprint(request([timeout, size('0')])))
})
