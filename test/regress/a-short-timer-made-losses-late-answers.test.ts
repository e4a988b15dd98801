/**
 * The timer of the server was only a few round trips long. What came of a repeat was in time for a late answer to the packet before as well, and each
 * was taken for one, although all other answers took the same time to within microseconds.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { Draws } from '../../src/lab/device/device.ts'
import { mainOf, play } from '../diagnosis/lab-case.ts'

test.each<[fault: string, values: Draws, client: ClientName, delayMs: number, ids: readonly string[]]>([
  ['tx-hold-alias', { p: 0.063 }, 'strict', 13.1, ['tx-hold', 'rx-hold']],
  ['data-loss', { p: 0.04, burst: 2 }, 'uboot-2020', 7.62, ['data-loss']],
  ['ack-loss', { p: 0.02 }, 'uboot-2020', 4.03, ['ack-loss', 'data-loss']],
])('%s of %s over a way of some milliseconds', (fault, values, client, delayMs, ids) => {
  const { transfers } = play({
    client,
    faults: [{ fault, values }],
    server: 'foresend-lock-step',
    link: { delayMs },
    sizeBytes: 900_000,
    seed: 3,
  })
  const { causes } = diagnose(mainOf(transfers)!)
  expect(ids).toContain(causes[0]?.id)
})
