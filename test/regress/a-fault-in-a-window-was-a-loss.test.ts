import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { evaluate } from '../diagnosis/evaluation.ts'
import { mainOf, play } from '../diagnosis/lab-case.ts'

/** Named were loss, a network that duplicates packets, and nothing at all. */
test.each<[fault: string, client: ClientName, server: ServerName, cause: string]>([
  // A ring with one place: no block is answered in time, and the transfer is longer than what a story reads.
  ['rx-ring', 'window', 'rs-tftpd', 'rx-ring'],
  // The answer takes as long as all others, counted from the repeat.
  ['ack-stale', 'window', 'foresend', 'ack-stale'],
  // Most blocks leave long before they can arrive, and the median of the answers is eleven seconds.
  ['arp-silent-revived', 'curl', 'foresend', 'arp-silent'],
])('%s of %s at %s', (fault, client, server, cause) => {
  expect(evaluate(fault, client, server, 656565)!.diagnosis.causes[0]?.id).toBe(cause)
})

test('pauses inside a window of 32', () => {
  const played = play({
    client: 'window',
    values: { windowsize: 32, blksize: 1432 },
    faults: [{ fault: 'slow-flash', values: { everyBlocks: 45, pauseMs: 197 } }],
    server: 'foresend-strict',
    link: { delayMs: 0.07, jitterMs: 0.01 },
    sizeBytes: 984_211,
    seed: 130_205,
  })
  expect(diagnose(mainOf(played.transfers)!).causes[0]?.id).toBe('slow-flash')
})
