import { expect, test } from 'vitest'
import { FAULTS, uboot113 } from '../../src/lab/index.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'
import { runTransfer } from '../sim/transfer.ts'

/**
 * A policy that widened its window during a transfer outgrew the ring of marks that was made for the first window: blocks
 * that shared a slot acknowledged each other, and the image had holes.
 */
test('a window that grows during a transfer leaves no hole', () => {
  const policy = anticipation({ windowBlocks: 1 })
  let acked = 0
  policy.acked = () => {
    acked++
    policy.windowBlocks = acked < 100 ? 1 : acked < 200 ? 17 : acked < 300 ? 3 : 64
  }
  policy.sent = () => {}
  const run = runTransfer({
    sizeBytes: 2000 * 512 + 100,
    seed: 3,
    client: (sizeBytes) => uboot113({ sizeBytes }),
    policy: () => policy,
    up: (rng) => FAULTS['ack-loss'](rng).up,
    down: (rng) => FAULTS['data-loss'](rng).down,
  })
  expect(run.verdict).toMatchObject({ kind: 'intact', holes: [] })
  expect(policy.windowBlocks).toBe(64)
})
