import { expect, test } from 'vitest'
import { FAULTS, type Frame, uboot113 } from '../../src/lab/index.ts'
import { readBlock } from '../../src/packet/index.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'
import { runTransfer } from '../sim/transfer.ts'

/**
 * U-Boot is silent on a repeat of the block that it took last. A transmitter that sends an ACK twice (`tx-hold-alias`), or an
 * old one in place of the new one (`ack-stale`), made it pass for a client that answers repeats: it got four of them, each
 * wait twice the last, before anything else was tried, 150 ms in all; and again after the next such pair.
 */
test.each([
  ['tx-hold-alias', 0],
  ['ack-stale', 2],
] as const)('%s: a silent client is seldom waited for in vain', (fault, most) => {
  let topAt = 0
  let top = 0
  let long = 0
  const upTap = {
    sent(): void {},
    arrived(now: number, { buffer, offset, length }: Frame): void {
      const block = length === 4 ? readBlock(buffer, offset) : 0
      if (block <= top) return
      if (now - topAt > 100 && block > 1) long++
      top = block
      topAt = now
    },
  }
  const run = runTransfer({
    sizeBytes: 4_000_000,
    seed: 12,
    known: true,
    client: (sizeBytes) => uboot113({ sizeBytes }),
    policy: () => anticipation({ windowBlocks: 8 }),
    up: (rng) => FAULTS[fault](rng, 0.037).up,
    upTap,
  })
  expect(run.verdict.kind).toBe('intact')
  expect(long).toBeLessThanOrEqual(most)
})
