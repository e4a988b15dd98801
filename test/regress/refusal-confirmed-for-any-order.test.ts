import { expect, test } from 'vitest'
import { COUNTER } from '../../src/transfer/contract.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'
import { Script } from '../../src/transfer/rules/script.ts'

/** A repeated refusal confirmed the block that was refused even of a client known to store any block, of whom it proves nothing. */
test('a second ERROR 5 confirms nothing for a client that takes blocks in any order', () => {
  const s = new Script({ blocks: 50, policy: anticipation({ windowBlocks: 4 }) }).reach(4)
  // 5 is acknowledged after 6, once it was sent again: the order is any, for good.
  s.wait(1).ack(6).wait(1).ack(5).wait(1)
  s.error(5, 'Wrong block number')
  const confirmed = s.machine.counters[COUNTER.bytes]
  s.sent()
  for (let i = 0; i < 2000 && !s.machine.closed; i++) if (s.wait(1).sent().length > 0) s.error(5, 'Wrong block number')
  expect(s.machine.counters[COUNTER.bytes]).toBe(confirmed)
})
