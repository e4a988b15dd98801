import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Option, Request } from '../packet/index.ts'
import { deviceId, fingerprint } from './device-id.ts'
import { DeviceMemory, type DeviceUpdate, mergeUpdates } from './memory.ts'

const wide = { window: { windowBlocks: 4, gapMs: 0 } }

function request(options: readonly Option[], filename = 'test.bin'): Request {
  return { opcode: 1, filename, mode: 'octet', options }
}

/** Few values of each kind, so that draws often agree in some of them. */
const learnt = fc.record(
  {
    window: fc.record({ windowBlocks: fc.integer({ min: 1, max: 3 }), gapMs: fc.integer({ min: 0, max: 1 }) }),
    countsRepeats: fc.constant(true),
  },
  { requiredKeys: [] },
)
const update = fc.record({
  device: fc.constantFrom('a', 'b', 'c'),
  learnt,
  time: fc.integer({ min: 0, max: 2 }),
  count: fc.integer({ min: 0, max: 2 }),
})
const same = update.map((one): DeviceUpdate => ({ ...one, device: 'a' }))

describe('the rule that joins two updates', () => {
  test('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(same, same, same, (a, b, c) => {
        expect(mergeUpdates(a, b)).toEqual(mergeUpdates(b, a))
        expect(mergeUpdates(mergeUpdates(a, b), c)).toEqual(mergeUpdates(a, mergeUpdates(b, c)))
        expect(mergeUpdates(a, a)).toEqual(a)
      }),
      { numRuns: 2000 },
    )
  })

  test('makes tables agree that saw the same updates in another order, some of them twice', () => {
    fc.assert(
      fc.property(fc.array(update, { maxLength: 12 }), fc.nat(), (updates, turn) => {
        const [one, other] = [new DeviceMemory(), new DeviceMemory()]
        for (const each of updates) one.merge(each)
        const at = updates.length === 0 ? 0 : turn % updates.length
        for (const each of [...updates.slice(at), ...updates].toReversed()) other.merge(each)
        const byDevice = (a: DeviceUpdate, b: DeviceUpdate): number => a.device.localeCompare(b.device)
        expect(one.all().sort(byDevice)).toEqual(other.all().sort(byDevice))
      }),
    )
  })

  test('the later one holds, but counting repeats stays', () => {
    const before = { device: 'a', learnt: { ...wide, countsRepeats: true }, time: 1, count: 9 }
    const after = { device: 'a', learnt: {}, time: 2, count: 1 }
    expect(mergeUpdates(before, after)).toEqual({ device: 'a', learnt: { countsRepeats: true }, time: 2, count: 1 })
  })
})

describe('DeviceMemory', () => {
  const known = (device: string): DeviceUpdate => ({ device, learnt: {}, time: 1, count: 1 })

  test('forgets the one that was not heard from for longest', () => {
    const memory = new DeviceMemory(2)
    memory.merge(known('one'))
    memory.merge(known('two'))
    memory.recall('one')
    memory.merge(known('three'))
    expect(memory.recall('one')).toEqual(known('one'))
    expect(memory.recall('two')).toBeUndefined()
  })
})

describe('a device', () => {
  const timeout = { name: 'timeout', value: '1' }

  test('is known again by address and request, whatever file it asks for', () => {
    const id = deviceId('10.0.0.1', undefined, request([timeout]))
    expect(deviceId('10.0.0.1', undefined, request([timeout], 'other.bin'))).toBe(id)
    expect(deviceId('10.0.0.2', undefined, request([timeout]))).not.toBe(id)
    expect(deviceId('10.0.0.1', undefined, request([]))).not.toBe(id)
  })

  test('by its MAC address wherever it is, and two behind one address are two', () => {
    const id = deviceId('10.0.0.1', '02:00:00:00:00:01', request([timeout]))
    expect(deviceId('10.0.0.9', '02:00:00:00:00:01', request([timeout]))).toBe(id)
    expect(deviceId('10.0.0.1', '02:00:00:00:00:02', request([timeout]))).not.toBe(id)
  })

  test('the size of a file is no mark of it, the order of its options is', () => {
    const size = (value: string) => ({ name: 'tsize', value })
    expect(fingerprint(request([size('0'), timeout]))).toBe(fingerprint(request([size('700'), timeout])))
    expect(fingerprint(request([size('0'), timeout]))).not.toBe(fingerprint(request([timeout, size('0')])))
  })
})
