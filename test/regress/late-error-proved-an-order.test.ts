import { expect, test } from 'vitest'
import { COUNTER } from '../../src/transfer/contract.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'
import { Script } from '../../src/transfer/rules/script.ts'

/**
 * A device that stores blocks in any order lacks block 7 and has 8 to 10. Long after the last repeat of 7 a host at its address, which may be
 * the same device after a restart, sends ERROR 5 as RFC 1350 asks for an unknown TID. It was taken for the refusal of an old repeat,
 * and a refusal proves that a client counts in order: block 7 counted as confirmed.
 */
test('an ERROR 5 that comes late confirms nothing', () => {
  const s = new Script({ blocks: 400, policy: anticipation({ windowBlocks: 4 }) }).reach(6)
  s.wait(1).ack(8, 9, 10)
  expect(s.machine.counters[COUNTER.bytes]).toBe(6 * 512)
  // Between two questions, later than three round trips after the last of them.
  while (s.due - s.now < 8) s.runUntil(s.due)
  s.wait(6).error(5)
  expect(s.machine.counters[COUNTER.bytes]).toBe(6 * 512)
  s.wait(20).error(5)
  expect(s.machine.counters[COUNTER.bytes]).toBe(6 * 512)
})
