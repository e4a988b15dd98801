/** Events name the cause that a capture of the same transfer shows: the rules are the same, and a trace has what they need. */
import { describe, expect, test } from 'vitest'
import { type Cause, diagnose } from '../../src/capture/diagnosis/index.ts'
import type { ClientName } from '../../src/lab/device/clients.ts'
import type { Draws } from '../../src/lab/device/device.ts'
import { mainOf, play } from './lab-case.ts'
import { playLive } from './live-case.ts'

const SEEDS = [1, 2, 3]
const LINK: Draws = { delayMs: 0.15, jitterMs: 0.02 }

describe.each([
  ['ack-loss', { p: 0.1 }, 'uboot-1.1.3', {}],
  ['ack-stale', { p: 0.1 }, 'uboot-1.1.3', {}],
  ['data-loss', { p: 0.05 }, 'window', { windowsize: 16 }],
  ['rx-ring-2', {}, 'window', { windowsize: 16 }],
  ['slow-flash', { everyBlocks: 64, pauseMs: 400 }, 'uboot-2020', {}],
  ['arp-silent', { afterMs: 20 }, 'uboot-1.1.3', {}],
  ['dead-rx', {}, 'curl', {}],
  ['none', {}, 'uboot-1.1.3', {}],
] as const)('%s', (fault, values: Draws, client: ClientName, clientValues: Draws) => {
  test.each(SEEDS)('seed %i', (seed) => {
    const faults = fault === 'none' ? [] : [{ fault, values }]
    const lab = { client, values: clientValues, faults, link: LINK, sizeBytes: 400 * 512 + 100, seed }
    const last = playLive(lab).told.at(-1)
    const { transfers } = play({ ...lab, server: 'foresend' })
    const captured = mainOf(transfers)
    const causes: readonly Cause[] = captured === undefined ? [] : diagnose(captured).causes
    if (fault === 'none') expect([last, causes]).toEqual([undefined, []])
    else expect(last?.finding?.cause).toBe(causes[0]?.id)
    expect(last?.finding?.advice ?? '').not.toMatch(/serve it with foresend/i)
  })
})
