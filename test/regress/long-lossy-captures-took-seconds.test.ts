/**
 * A capture of 20,000 packets with much loss took seven seconds: the search read an unlikely story to its end before any other, and stories were
 * compared by texts made of each. Stories of one capture have to end at the same packet, or a longer one costs more for that alone.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { mainOf, play } from '../diagnosis/lab-case.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'

const LOSS = { p: 0.1 }
const BLOCKS = 8000

test.each<[ClientName, number, number]>([
  ['uboot-2008', 1468, 1],
  ['window', 512, 16],
])('a long capture of %s with loss in both directions', { timeout: 60_000 }, (client, blksize, windowsize) => {
  const { transfers } = play({
    client,
    values: { windowsize },
    faults: [
      { fault: 'ack-loss', values: LOSS },
      { fault: 'data-loss', values: LOSS },
    ],
    server: 'foresend',
    link: { delayMs: 0.1, jitterMs: 0.02 },
    sizeBytes: BLOCKS * blksize + 1,
    seed: 77,
  })
  const transfer = mainOf(transfers)!
  expect(transfer.packets.length).toBeGreaterThan(BLOCKS)
  const before = process.cpuUsage().user
  const { causes } = diagnose(transfer)
  const secondsOfCpu = (process.cpuUsage().user - before) / 1e6
  expect(['ack-loss', 'data-loss']).toContain(causes[0].id)
  expect(secondsOfCpu).toBeLessThan(8)
})
