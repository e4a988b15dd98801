/**
 * A server that answers each packet with its window fills a narrow link with copies. There no copy leaves before the last one was answered, so that
 * none was sent too early, and the flood was taken for a link that loses a third of all blocks.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { mainOf, play } from '../diagnosis/lab-case.ts'

test('forty copies of each block are the fault of the server', () => {
  const { transfers } = play({
    client: 'curl',
    values: { blksize: 8192, timeoutMs: 2000 },
    faults: [],
    server: 'pytftpd-2',
    link: { delayMs: 0.05, rateBytesPerSec: 1_250_000, queueBytes: 10_000_000 },
    sizeBytes: 639_249,
    seed: 1,
  })
  const { causes } = diagnose(mainOf(transfers)!)
  expect(causes.map(({ id }) => id)).toEqual(['sorcerers-apprentice'])
})
