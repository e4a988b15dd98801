import { expect, test } from 'vitest'
import { COUNTER } from '../../src/transfer/contract.ts'
import { Script } from '../../src/transfer/rules/script.ts'

/**
 * lwIP refuses a block that runs ahead with ERROR 5. The network delivered that ERROR twice, and the copy was taken for the refusal
 * of a repeat that had left before it: a block that never arrived counted as confirmed.
 */
test('a copy of an ERROR 5 confirms nothing', () => {
  const s = new Script({ blocks: 100 }).reach(4).wait(30)
  // Block 5 was lost, and so were its repeats; block 6 ran ahead.
  while (!s.sent().includes(6)) s.runUntil(s.due)
  s.wait(1).error(5).error(5).wait(0.5).error(5)
  expect(s.outcome).toBeUndefined()
  expect(s.machine.counters[COUNTER.bytes]).toBe(4 * 512)
  s.wait(50)
  expect(new Set(s.sent())).toEqual(new Set([5]))
  s.ack(5)
  expect(s.machine.counters[COUNTER.bytes]).toBe(5 * 512)
  expect(s.wait(30).sent()).toContain(6)
})
