/**
 * A slow link carries an OACK and a short final block fifty times as fast as a whole block. Of a file of three blocks these two gave the usual time of
 * an answer, and the two whole blocks had lost ACKs, although nothing was sent twice.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import type { ServerName } from '../../src/lab/index.ts'
import { mainOf, play } from '../diagnosis/lab-case.ts'

test.each<[server: ServerName, sizeBytes: number]>([
  ['dnsmasq', 16_384],
  ['tftp-hpa-5.2', 16_384],
  ['tftp-hpa-5.2', 24_600],
])('%s and a file of %i bytes', (server, sizeBytes) => {
  const { transfers, result } = play({
    client: 'strict',
    values: { blksize: 8192, timeoutMs: 1000 },
    faults: [],
    server,
    link: { delayMs: 0.0625, rateBytesPerSec: 20_000, queueBytes: 10_000_000 },
    sizeBytes,
    seed: 1,
  })
  expect(result.verdict.kind).toBe('intact')
  expect(diagnose(mainOf(transfers)!).causes).toEqual([])
})
