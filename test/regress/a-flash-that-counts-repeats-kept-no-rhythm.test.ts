/**
 * The device stops each time it has stored a number of blocks, and stores the repeats of a pause as well: the next pause comes some blocks sooner. One
 * distance off the rhythm was enough for none, and a window made each pause as good as chance: nothing was said, or ACKs were lost.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { mainOf, play } from '../diagnosis/lab-case.ts'

test.each<[server: ServerName, everyBlocks: number, pauseMs: number]>([
  ['foresend-window-2', 207, 276],
  ['foresend', 28, 833],
])('iPXE at %s, which pauses each %i blocks', (server, everyBlocks, pauseMs) => {
  const { transfers } = play({
    client: 'ipxe',
    values: { blksize: 512 },
    faults: [{ fault: 'slow-flash', values: { everyBlocks, pauseMs } }],
    server,
    link: { delayMs: 0.5 },
    sizeBytes: 1_100_000,
    seed: 1,
  })
  const { causes } = diagnose(mainOf(transfers)!)
  expect(causes[0]?.id).toBe('slow-flash')
  expect(causes[0]?.evidence[0].text).toMatch(new RegExp(`pauses of about (${pauseMs}|${pauseMs + 1}) ms`))
  expect(causes[0]?.evidence[0].text).toContain(`one every ${everyBlocks} blocks`)
})
