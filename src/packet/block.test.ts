import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockOfSeq, seqNear } from './index.ts'

const rollovers = [0, 1] as const

describe('blockOfSeq', () => {
  test.each([
    [0, 0, 0],
    [1, 1, 1],
    [65535, 65535, 65535],
    [65536, 0, 1],
    [65537, 1, 2],
    [131070, 65534, 65535],
    [131071, 65535, 1],
    [131072, 0, 2],
    [2 ** 40 + 5, 5, ((2 ** 40 + 4) % 65535) + 1],
  ])('seq %i is block %i, or %i with rollover to 1', (seq, to0, to1) => {
    expect(blockOfSeq(seq, 0)).toBe(to0)
    expect(blockOfSeq(seq, 1)).toBe(to1)
  })

  test.each(rollovers)('rollover %i: counted up one by one over three wraps', (rollover) => {
    let block = 0
    for (let seq = 0; seq < 200_000; seq++) {
      if (blockOfSeq(seq, rollover) !== block) expect.unreachable(`seq ${seq}`)
      block = block === 65535 ? rollover : block + 1
    }
  })
})

describe.each(rollovers)('seqNear with rollover %i', (rollover) => {
  const half = 32767

  test('finds the seq again from any reference less than half a cycle away', () => {
    const seqs = fc.oneof(
      fc.nat(400_000),
      fc.maxSafeNat().map((n) => n % 2 ** 50),
    )
    fc.assert(
      fc.property(seqs, fc.integer({ min: -half, max: half }), (seq, distance) => {
        if (rollover === 1 && seq === 0) return
        expect(seqNear(blockOfSeq(seq, rollover), Math.max(0, seq + distance), rollover)).toBe(seq)
      }),
      { numRuns: 3000 },
    )
  })

  test('is the nearest of all with that block, never below 0', () => {
    fc.assert(
      fc.property(fc.nat(65535), fc.nat(300_000), (block, reference) => {
        const found = seqNear(block, reference, rollover)
        expect(found).toBeGreaterThanOrEqual(0)
        expect(Object.is(found, -0)).toBe(false)
        expect(blockOfSeq(found, rollover)).toBe(block)
        if (rollover === 1 && block === 0) return
        const cycle = rollover === 0 ? 65536 : 65535
        const distance = Math.abs(found - reference)
        expect(Math.abs(found + cycle - reference)).toBeGreaterThanOrEqual(distance)
        if (found - cycle >= rollover) expect(Math.abs(found - cycle - reference)).toBeGreaterThanOrEqual(distance)
      }),
      { numRuns: 3000 },
    )
  })
})

test('rollover 1: block 0 is the first acknowledgement, however late', () => {
  expect(seqNear(0, 0, 1)).toBe(0)
  expect(seqNear(0, 500_000, 1)).toBe(0)
})

test('half a cycle away on both sides: the older one', () => {
  expect(seqNear(0, 98304, 0)).toBe(65536)
  expect(seqNear(1, 32769, 0)).toBe(1)
})

test('around the first wrap', () => {
  expect(seqNear(0, 65535, 0)).toBe(65536)
  expect(seqNear(1, 65535, 1)).toBe(65536)
  expect(seqNear(65535, 65536, 0)).toBe(65535)
  expect(seqNear(65535, 65537, 1)).toBe(65535)
  expect(seqNear(65535, 3, 0)).toBe(65535)
})
