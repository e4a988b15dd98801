/** Rule A12: around a rollover of the 16-bit block number. */
import { describe, expect, test } from 'vitest'
import { COUNTER } from '../contract.ts'
import { anticipation } from '../policy/anticipation.ts'
import { strict } from '../policy/strict.ts'
import { Script, type ScriptOptions } from './script.ts'

const BLOCKS = 65_600

/** Up to the ACK of `seq`; what that brought is in `sent`. */
function upTo(seq: number, options: Partial<ScriptOptions> = {}): Script {
  return new Script({ blocks: BLOCKS, ...options }).reach(seq)
}

describe('A12: two blocks on either side of a rollover', () => {
  test.each([
    [0, [65_534, 65_535, 65_536, 65_537]],
    [1, [65_534, 65_535, 65_536, 65_537]],
  ] as const)('rollover to %i: go alone, without copies, and the window opens again behind it', (rollover, alone) => {
    const s = upTo(65_500, { rollover, policy: anticipation({ windowBlocks: 4 }) })
    for (;;) {
      const base = s.acknowledged + 1
      if (base > 65_545) break
      if (base < 65_530) s.reach(base)
      else {
        if ((alone as readonly number[]).includes(base)) expect(s.highest).toBe(base)
        else expect(s.highest).toBeLessThan(base < 65_534 ? 65_534 : base + 4)
        s.reach(base)
      }
    }
    expect(s.highest).toBe(65_545 + 4)
    expect(s.machine.counters[COUNTER.retransmitted]).toBe(0)
  })

  test('no copies', () => {
    const seen = new Map<number, number>()
    const policy = anticipation({ windowBlocks: 1, copies: 2 })
    const s = new Script({
      blocks: BLOCKS,
      policy,
      peer: (seq) => {
        if (seq > 65_525 && seq < 65_550) seen.set(seq, (seen.get(seq) ?? 0) + 1)
        return seq
      },
    })
    while (!s.machine.closed && s.acknowledged < 65_560) {
      s.wait(100)
      s.sent()
    }
    for (const seq of [65_534, 65_535, 65_536, 65_537]) expect(seen.get(seq)).toBe(1)
    for (const seq of [65_530, 65_532, 65_539, 65_545]) expect(seen.get(seq)).toBe(2)
  })

  test.each([65_534, 65_535, 65_537, 65_538])('no nudge for block %i, nor across the wrap', (seq) => {
    const s = upTo(seq - 1).wait(900)
    expect(s.highest).toBe(seq)
    for (const sent of s.sent()) expect(sent).toBe(seq)
    expect(s.machine.counters[COUNTER.nudges]).toBe(0)
  })

  test('a nudge further on does not reach back across the wrap', () => {
    const s = upTo(65_539).wait(500)
    expect(Math.min(...s.sent())).toBeGreaterThanOrEqual(65_539)
  })

  test('nothing runs ahead over it', () => {
    for (const stuck of [65_531, 65_533, 65_535]) {
      const s = upTo(stuck - 1).wait(20_000)
      expect(Math.max(...s.sent())).toBeLessThan(Math.max(stuck + 1, 65_534))
    }
  })
})

describe('A12: wire block 0 after a rollover', () => {
  const policies = { nudging: () => anticipation({ windowBlocks: 1 }), strict: () => strict(100) }

  test.each(Object.entries(policies))('%s: is not repeated on our timer', (_name, policy) => {
    const s = upTo(65_535, { policy: policy() })
    expect(s.sent()).toEqual([65_536])
    expect(s.wait(25_000).sent()).toEqual([])
  })

  test.each(Object.entries(policies))(
    '%s: but on an ACK of its predecessor 800 ms or more after it left',
    (_name, policy) => {
      const s = upTo(65_535, { policy: policy() })
      s.sent()
      for (const ms of [1, 100, 400, 298]) expect(s.wait(ms).ack(65_535).sent()).toEqual([])
      expect(s.controls).toEqual([])
      // At first one byte only: the block may lie in the client's card, and a repeat would reach it twice.
      expect(s.wait(1).ack(65_535).sent()).toEqual([])
      expect(s.controls).toEqual(['filler'])
      expect(s.wait(799).ack(65_535).sent()).toEqual([])
      expect(s.wait(1).ack(65_535).sent()).toEqual([65_536])
      // And once more, a client timeout later.
      expect(s.wait(799).ack(65_535).sent()).toEqual([])
      expect(s.wait(1).ack(65_535).sent()).toEqual([65_536])
      expect(s.controls).toEqual(['filler'])
      s.wait(1).ack(65_536).wait(25)
      expect(s.sent()).toContain(65_537)
    },
  )

  test('the block before it is not repeated on our timer either, except under strict', () => {
    const s = upTo(65_534)
    expect(s.sent()).toEqual([65_535])
    expect(s.wait(800).sent()).toEqual([])
    s.ack(65_534).wait(800).ack(65_534)
    expect(s.sent()).toEqual([65_535])
    expect(
      upTo(65_534, { policy: strict(100) })
        .wait(350)
        .sent(),
    ).toEqual([65_535, 65_535, 65_535, 65_535])
  })

  test('with rollover 1 there is no block 0: the timer repeats', () => {
    const s = upTo(65_536, { rollover: 1 })
    s.sent()
    expect(s.wait(11).sent()).toEqual([65_537])
  })

  test('a whole file over the wrap reaches its end', () => {
    const s = new Script({ blocks: 65_540, policy: anticipation({ windowBlocks: 8 }) }).reach(65_540)
    expect(s.outcome).toEqual({ status: 'completed' })
    expect(s.machine.counters[COUNTER.datagrams]).toBe(65_540)
  })
})
