import { expect, test } from 'vitest'
import { COUNTER, newCounters, type SenderSink } from '../../src/transfer/contract.ts'
import { Pacer } from '../../src/transfer/pacer.ts'
import { negotiated } from '../../src/transfer/policy/negotiated.ts'

/**
 * With a negotiated window rule N4 sends one block two beyond it and leaves out the one between. That one was then counted as a
 * repeat when it left for the first time, and the transfer seemed to have one block less than it had.
 */
test('a block that was left out is new when it leaves', () => {
  const nothing = (): void => {}
  const sink: SenderSink = {
    sendBlocks: nothing,
    sendControl: nothing,
    deadline: nothing,
    ended: nothing,
    notice: nothing,
  }
  const counters = newCounters()
  const pacer = new Pacer(sink, negotiated({ windowBlocks: 4 }), counters, undefined)
  pacer.run(0, 1, 4, false)
  pacer.once(10, 6)
  pacer.run(20, 5, 4, false)
  expect(counters[COUNTER.blocks]).toBe(8)
  expect(counters[COUNTER.datagrams]).toBe(9)
  expect(counters[COUNTER.retransmitted]).toBe(1)
})
