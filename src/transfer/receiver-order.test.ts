import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bench, OACK } from '../../test/double/receiver.ts'
import { blockOfSeq } from '../packet/index.ts'
import { COUNTER } from './contract.ts'

describe('rollover', () => {
  test.each([0, 1] as const)('after 65535 comes %d, learnt from what arrives, and kept', (rollover) => {
    const b = new Bench().start().upTo(65535, rollover)
    b.heard()
    b.now += 1
    b.data(rollover)
    // With the bytes of the first block it might be a late copy of that one: once more, after a repeated ACK.
    if (rollover === 1) {
      expect(b.seqs).toHaveLength(65535)
      expect(b.wait(1000).heard()).toContain('ack 65535')
      b.data(1)
    }
    expect(b.seqs).toHaveLength(65536)
    b.upTo(140_000, rollover)
    expect(b.seqs).toHaveLength(140_000)
    expect(b.outcome).toBeUndefined()
  })

  test('fixed to 0: block 1 is one too far; fixed to 1: block 0 is nothing', () => {
    const zero = new Bench({ rollover: 0 }).start().upTo(65535).data(1).data(1).data(1)
    expect(zero.seqs).toHaveLength(65535)
    const one = new Bench({ rollover: 1 }).start().upTo(65535, 1).data(0)
    expect(one.seqs).toHaveLength(65535)
    expect(one.data(1).seqs).toHaveLength(65536)
  })

  test('any: in lock-step a block 1 with bytes of its own is the next one at once', () => {
    const b = new Bench().start().upTo(65535, 1).data(1, 8, 7)
    expect(b.seqs).toHaveLength(65536)
    expect(b.upTo(70_000, 1).seqs).toHaveLength(70_000)
  })

  test('any: block 0 decides, whatever came before it', () => {
    const b = new Bench().start().upTo(65535).data(1).data(0).data(1, 8, 7)
    expect(b.seqs).toHaveLength(65537)
  })

  test.each([
    ['with a window', { windowsize: 4 }, false],
    ['that ran ahead before', {}, true],
  ])('any: a sender %s is never believed block 1 where no size would betray a hole', (_what, config, ahead) => {
    const b = new Bench(config).start()
    if (ahead) b.data(3)
    b.upTo(65535)
    for (let i = 0; i < 9; i++) b.wait(300).data(1, 8, 7)
    expect(b.seqs).toHaveLength(65535)
    expect(b.data(0).data(1).seqs).toHaveLength(65537)
  })

  test.each([0, 1] as const)(
    'any: a sender with a window whose size is known says 1 twice, %d blocks missing',
    (missing) => {
      const sizeBytes = 8 * 65_540 + 3
      const b = new Bench({ windowsize: 4, sizeBytes }).start().upTo(65535, 1)
      b.data(1, 8, 7)
      expect(b.seqs).toHaveLength(65535)
      expect(b.wait(300).heard()).toContain('ack 65535')
      b.data(1, 8, 7)
      expect(b.seqs).toHaveLength(65536)
      b.upTo(65_540 - missing, 1).data(6 - missing, 3)
      // A hole shows in the size.
      if (missing === 0) expect([b.finished, b.outcome]).toEqual([sizeBytes, undefined])
      else expect(b.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_CONTENT' } })
    },
  )
})

describe('properties', () => {
  /** A sender's file of `total` blocks, thrown at the receiver in any order, repeated, with gaps, as `picks` has it. */
  const picks = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant('next' as const) },
      { weight: 2, arbitrary: fc.integer({ min: -4, max: 6 }) },
      { weight: 1, arbitrary: fc.constant('wait' as const) },
    ),
    { maxLength: 120 },
  )

  test('whatever arrives, blocks are stored 1, 2, 3 … once each, and it never finishes with a hole', () => {
    fc.assert(
      fc.property(picks, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }), (list, total, windowsize) => {
        const b = new Bench({ windowsize }).start()
        for (const pick of list) {
          b.now += 0.2
          if (pick === 'wait') b.wait(40)
          const seq = b.seqs.length + (typeof pick === 'number' ? pick : 1)
          if (pick !== 'wait' && seq >= 1 && seq <= total) b.data(blockOfSeq(seq, 0), seq === total ? 3 : 8)
        }
        expect(b.seqs).toEqual(b.seqs.map((_, i) => i + 1))
        expect(b.machine.counters[COUNTER.blocks]).toBe(b.seqs.length)
        if (b.finished !== undefined) expect(b.finished).toBe((total - 1) * 8 + 3)
        // Never more ACKs than datagrams and timeouts together, whatever they were.
        const { counters } = b.machine
        expect(counters[COUNTER.acks]).toBeLessThanOrEqual(1 + counters[COUNTER.datagrams] + counters[COUNTER.timeouts])
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes are safe', () => {
    const packet = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 14 })).map(([o, rest]) => {
        return Uint8Array.from([0, o, ...rest])
      }),
    )
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 30 }), fc.boolean(), (packets, addressValidated) => {
        const b = new Bench({ addressValidated, oack: addressValidated ? undefined : OACK }).start()
        for (const bytes of packets) {
          const before = b.said.length
          b.take(bytes)
          expect(b.said.length - before).toBeLessThanOrEqual(1)
        }
        expect(b.seqs).toEqual(b.seqs.map((_, i) => i + 1))
      }),
    )
  })

  test('copies of the first block that arrive together say it once: only what follows a repeated ACK may be an answer', () => {
    const b = new Bench().start()
    b.now += 0.1
    b.data(1, 8, 7).upTo(65535)
    for (let copy = 0; copy < 5; copy++) b.data(1, 8, 7)
    expect(b.seqs).toHaveLength(65535)
    expect(b.data(0).data(1, 8, 9).seqs).toHaveLength(65537)
  })
})
