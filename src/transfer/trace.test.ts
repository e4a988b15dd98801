import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LONG_ENTRIES, readTrace, SHORT_ENTRIES, Traces } from './trace.ts'

const ack = (block: number): Uint8Array => Uint8Array.of(0, 4, block >> 8, block & 255)

describe('Traces', () => {
  test('says what was sent and received, when, and with which number', () => {
    const traces = new Traces()
    traces.begin(0)
    traces.requested(0, 0, 1)
    traces.received(0, 0.25, ack(0), 0, 4)
    traces.sentBlocks(0, 1, 1, 1)
    traces.sentBlocks(0, 2, 70_000, 16)
    traces.sentControl(0, 3, Uint8Array.of(0, 5, 0, 3, 0), 5)
    traces.received(0, 4, Uint8Array.of(9), 0, 1)
    expect(readTrace(traces.copy(0))).toEqual([
      { ms: 0, sent: false, kind: 'request', number: 1 },
      { ms: 0.25, sent: false, kind: 'ack', number: 0 },
      { ms: 1, sent: true, kind: 'data', number: 1 },
      { ms: 2, sent: true, kind: 'data', number: 70_000 },
      { ms: 2, sent: true, kind: 'through', number: 70_015 },
      { ms: 3, sent: true, kind: 'error', number: 3 },
      { ms: 4, sent: false, kind: 'other', number: 0 },
    ])
  })

  test('a time beyond 18 hours is the last one, not an early one', () => {
    const traces = new Traces()
    traces.begin(0)
    traces.sentBlocks(0, 1e12, 1, 1)
    expect(readTrace(traces.copy(0))[0].ms).toBeCloseTo(0xffff_ffff / 64)
  })

  test('the first repeat makes it long, and half of the long ones are left for those that stall', () => {
    const traces = new Traces()
    const lengthOf = (slot: number): number => {
      for (let i = 0; i < 100; i++) traces.received(slot, i, ack(i), 0, 4)
      return traces.copy(slot).length / 2
    }
    for (let slot = 0; slot < 70; slot++) {
      traces.begin(slot)
      traces.sentBlocks(slot, 0, 1, 4)
      traces.sentBlocks(slot, 1, 5, 1)
    }
    expect(lengthOf(0)).toBe(SHORT_ENTRIES)
    for (let slot = 0; slot < 70; slot++) traces.sentBlocks(slot, 2, 5, 2)
    expect([lengthOf(31), lengthOf(32)]).toEqual([3 + 2 + 100, SHORT_ENTRIES])
    traces.extend(32)
    expect(lengthOf(32)).toBe(SHORT_ENTRIES + 100)
  })

  test('keeps the last entries of each slot, the oldest first, short and long', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 0, max: 2 * SHORT_ENTRIES + 5 }),
        fc.integer({ min: 0, max: 2 * LONG_ENTRIES + 5 }),
        (slot, before, after) => {
          const traces = new Traces()
          traces.begin(slot)
          traces.begin(slot + 1)
          traces.sentBlocks(slot + 1, 0, 99, 1)
          for (let i = 0; i < before; i++) traces.sentBlocks(slot, i, i, 1)
          const kept = Math.min(before, SHORT_ENTRIES)
          expect(readTrace(traces.copy(slot)).map(({ number }) => number)).toEqual(
            Array.from({ length: kept }, (_, i) => before - kept + i),
          )
          traces.extend(slot)
          for (let i = 0; i < after; i++) traces.sentBlocks(slot, i, before + i, 1)
          const all = Math.min(kept + after, LONG_ENTRIES)
          const numbers = readTrace(traces.copy(slot)).map(({ number }) => number)
          expect(numbers).toHaveLength(all)
          if (all > 0) expect([numbers[0], numbers.at(-1)]).toEqual([before + after - all, before + after - 1])
          expect(readTrace(traces.copy(slot + 1)).map(({ number }) => number)).toEqual([99])
        },
      ),
      { numRuns: 60 },
    )
  })

  test('long ones are few, and are used again', () => {
    const traces = new Traces()
    for (let slot = 0; slot < 100; slot++) {
      traces.begin(slot)
      traces.extend(slot)
      for (let i = 0; i < 40; i++) traces.sentBlocks(slot, i, i, 1)
    }
    const lengths = Array.from({ length: 100 }, (_, slot) => readTrace(traces.copy(slot)).length)
    expect(lengths.filter((length) => length === 40)).toHaveLength(64)
    expect(lengths.filter((length) => length === SHORT_ENTRIES)).toHaveLength(36)
    traces.end(0)
    traces.begin(99)
    traces.extend(99)
    for (let i = 0; i < 50; i++) traces.sentBlocks(99, i, i, 1)
    expect(readTrace(traces.copy(99))).toHaveLength(50)
    expect(readTrace(traces.copy(0))).toEqual([])
  })
})
