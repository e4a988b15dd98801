/**
 * A client in order that drops all but the next block without a word: one lost ACK brought a block ahead of it, which the client took, and the gap
 * below could never be read: no question was answered. Each such transfer failed after half a minute where a plain server went on. Its silence on the missing block and on the
 * block two beyond, with the next one taken each time, proves its order now (rule A1).
 */
import { describe, expect, test } from 'vitest'
import { runExperiment } from '../../src/lab/experiment.ts'
import { LockstepClient, type LockstepTraits } from '../../src/lab/client/lockstep.ts'
import { FAULT_ROWS, withUsual } from '../../src/lab/fault/catalogue.ts'
import { Rng, serverNode, SERVERS, type ServerName } from '../../src/lab/index.ts'
import { patternedImage } from '../../src/lab/experiment.ts'

const TRAITS: LockstepTraits = {
  options: [
    { name: 'blksize', value: '1024' },
    { name: 'tsize', value: '0' },
  ],
  requestEveryMs: 5000,
  requests: 6,
  timeoutMs: 5000,
  retries: 20,
  onExpiry: 'acknowledge',
  needsOack: false,
  ahead: 'ignore',
  repeat: 'ignore',
  older: 'ignore',
  unasked: 'ignore',
  dallyMs: 0,
  late: 'silent',
}
const SIZE_BYTES = 300_000

function boot(server: ServerName, seed: number, traits: LockstepTraits): { verdict: string; longestGapMs: number } {
  const rng = new Rng(seed, 'boot')
  const image = patternedImage(SIZE_BYTES, 1)
  const row = FAULT_ROWS['ack-loss']
  const { up } = row.place(rng.fork('ack-loss'), withUsual(row.parameters, { p: 0.03 }))
  const { verdict, longestGapMs } = runExperiment({
    client: new LockstepClient({ sizeBytes: SIZE_BYTES }, traits),
    server: serverNode(SERVERS[server], { image, rng: rng.fork('server') }),
    image,
    up: { delayMs: 0.075, rng: rng.fork('up'), faults: up },
    down: { delayMs: 0.075, rng: rng.fork('down') },
    limits: { untilMs: 3_600_000, maxDatagrams: 100_000 },
  })
  return { verdict: verdict.kind, longestGapMs }
}

describe('a client that drops all but the next block without a word', () => {
  test.each(['foresend', 'foresend-window-2', 'foresend-window-8'] as const)('is served by %s', (server) => {
    for (let seed = 1; seed <= 10; seed++) {
      const { verdict, longestGapMs } = boot(server, seed, TRAITS)
      expect(verdict).toBe('intact')
      // Its last blocks and the request wait for its own timer.
      expect(longestGapMs).toBeLessThan(5100)
    }
  })

  test('and so is one that answers repeats', () => {
    for (let seed = 1; seed <= 10; seed++)
      expect(boot('foresend-window-8', seed, { ...TRAITS, repeat: 'acknowledge' }).verdict).toBe('intact')
  })
})
