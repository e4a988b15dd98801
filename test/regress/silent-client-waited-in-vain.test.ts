import { describe, expect, test } from 'vitest'
import { DEVICES, readFaults, runCell, SERVERS, withFaults } from '../../src/lab/index.ts'
import { LONG_PAUSE_MS } from '../../src/lab/verdict-pause.ts'

/**
 * Boots that failed, or paused for more than a second of the sender's own, because what a silent client may get in a second was spent on
 * questions that it could not answer, or left too late.
 */
const BOOTS = [
  ['an ERROR counted as silence', 'lwip', 'ack-loss:p=0.01..0.3,burst=8', 12],
  ['nudges stayed rare in a silence that repeats did not end', 'archer-c2-dead-rx', 'ack-loss:p=0.01..0.3,burst=8', 40],
  ["the client's sixth timer spoke as the transfer was given up", 'jh7110-star64', 'ack-loss:p=0.01..0.3,burst=8', 12],
  ['the second second was spent slowly', 'strict', 'ack-loss:p=0.01..0.3,burst=8', 11],
  ['a client was taken for one that pauses before a round trip was known', 'uboot-2023', 'data-loss:p=0.01..0.3', 26],
  ['the window waited until more questions were allowed', 'window-16', 'data-loss:p=0.01..0.3', 37],
] as const

describe('a silent client does not wait in vain', () => {
  test.each(BOOTS)('%s', (_why, name, fault, seed) => {
    const device = withFaults(DEVICES[name], readFaults(fault))
    const { row } = runCell({ device, server: 'foresend', model: SERVERS.foresend, sizeBytes: 1024 * 1024, seed })
    const own = (row.pauses ?? []).map(({ leftMs }) => leftMs).filter((ms) => ms > LONG_PAUSE_MS)
    expect([row.verdict, own]).toEqual(['intact', []])
  })
})
