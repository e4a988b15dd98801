import { expect, test } from 'vitest'
import { dropNth, ipxeClient } from '../../src/lab/index.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'
import { runTransfer } from '../sim/transfer.ts'

/**
 * DATA 1 and its five repeats (A5) were lost. The client went on asking for it with ACK 0, less often each time, and the
 * sender heard that and said nothing until it gave up.
 */
test('a client that still asks for DATA 1 after the last repeat gets it', () => {
  const run = runTransfer({
    sizeBytes: 100_000,
    seed: 1,
    client: (sizeBytes) => ipxeClient({ sizeBytes }),
    policy: () => anticipation({ windowBlocks: 1 }),
    // The first datagram is the OACK.
    down: () => [dropNth([2, 3, 4, 5, 6, 7])],
  })
  expect(run.verdict.kind).toBe('intact')
})
