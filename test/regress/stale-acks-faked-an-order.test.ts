import { expect, test } from 'vitest'
import { FAULTS, Rng, uboot113 } from '../../src/lab/index.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'
import { runTransfer } from '../sim/transfer.ts'

/**
 * A device that stores any block, behind a receive ring of one frame, and whose transmitter often sends the ACK before in
 * place of the new one. Three such ACKs in answer to questions about a missing block made it pass for an in-order client,
 * its ACKs were read cumulatively, and the image had holes.
 */
test('old ACKs do not make a client that stores any block pass for one that counts in order', () => {
  const harmful: number[] = []
  for (let seed = 1; seed <= 400; seed++) {
    const rng = new Rng(seed, 'stale')
    const run = runTransfer({
      sizeBytes: 512 * (20 + rng.int(200)) + 90,
      seed,
      known: true,
      delayMs: 1.14,
      client: (sizeBytes) => uboot113({ sizeBytes }),
      policy: () => anticipation({ windowBlocks: 8, rtoMs: 10 }),
      up: (r) => FAULTS['ack-stale'](r, 0.4).up,
      down: (r) => FAULTS['rx-ring'](r).down,
    })
    if (run.verdict.harmful) harmful.push(seed)
  }
  expect(harmful).toEqual([])
})
