import { expect, test } from 'vitest'
import { COUNTER, type SenderSink } from '../../src/transfer/contract.ts'
import { negotiated } from '../../src/transfer/policy/negotiated.ts'
import { SenderState } from '../../src/transfer/sender-state.ts'
import { carryOut, sendUpTo } from '../../src/transfer/transmit.ts'

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
  const config = {
    sizeBytes: 512 * 100,
    blksize: 512,
    rollover: 0,
    oack: undefined,
    near: true,
    clientTimeoutMs: 1000,
    addressValidated: false,
    label: 'a test',
  } as const
  const s = new SenderState(config, negotiated({ windowBlocks: 4 }), sink)
  sendUpTo(s, 0, 5)
  carryOut(s, 10, { type: 'beyond', seq: 6 })
  sendUpTo(s, 20, 9)
  expect(s.counters[COUNTER.blocks]).toBe(8)
  expect(s.counters[COUNTER.datagrams]).toBe(9)
  expect(s.counters[COUNTER.retransmitted]).toBe(1)
})
