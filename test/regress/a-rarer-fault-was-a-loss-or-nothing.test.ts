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
  // Each window is acknowledged right behind a repeat of its end, as over a link that takes as long as the timer of the server.
  ['rx-one-behind', 'uboot-2023', 'tftp-hpa-rfc7440', 'rx-one-behind'],
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

test('a device in lock-step that is one frame behind, and gives up, was a slow link and running', () => {
  const played = play({
    client: 'uboot-2008',
    values: { blksize: 512, timeoutMs: 1000, tsize: 0 },
    faults: [{ fault: 'rx-one-behind', values: {} }],
    server: 'dnsmasq',
    link: { delayMs: 0.555, jitterMs: 0.526, rateBytesPerSec: 1_250_000 },
    sizeBytes: 307_962,
    seed: 130_098,
  })
  const { causes, outcome } = diagnose(mainOf(played.transfers)!)
  expect(outcome).toBe('silent')
  expect(causes.map(({ id }) => id)).toEqual(expect.arrayContaining(['rx-one-behind', 'budget-used-up']))
})
