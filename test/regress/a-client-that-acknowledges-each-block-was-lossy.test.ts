/**
 * RFC 7440 allows an ACK inside a window. A client that acknowledges each block of its windows was taken for one that stores in any order or reports
 * gaps, and what it did not say then was a loss: a healthy transfer had a bad link, and lost ACKs were lost blocks.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { WindowClient } from '../../src/lab/client/window-client.ts'
import { FAULTS, type ServerName } from '../../src/lab/index.ts'
import { playClient } from '../diagnosis/client-case.ts'
import { mainOf } from '../diagnosis/lab-case.ts'

const client = (windowsize: number, repeat: 'ignore' | 'acknowledge') => (sizeBytes: number) =>
  new WindowClient({ sizeBytes, windowsize, blksize: 1468, acknowledgeEach: 'block', repeat })

test.each<[server: ServerName, windowsize: number, repeat: 'ignore' | 'acknowledge']>([
  ['atftpd-0.8', 3, 'acknowledge'],
  ['atftpd-0.8', 8, 'ignore'],
  ['tftp-hpa-rfc7440', 3, 'ignore'],
  ['tftp-hpa-6.0', 4, 'ignore'],
  ['foresend', 16, 'acknowledge'],
])('a healthy one at %s with windows of %i', (server, windowsize, repeat) => {
  const link = { delayMs: 0.25, jitterMs: 0.1 }
  const { transfers, result } = playClient({
    client: client(windowsize, repeat),
    server,
    sizeBytes: 600_000,
    seed: 7,
    link,
  })
  expect(result.verdict.kind).toBe('intact')
  expect(diagnose(mainOf(transfers)!).causes).toEqual([])
})

test.each([2 * 1468, 3 * 1468 + 100, 5 * 1468])('a healthy one and a file of %i bytes', (sizeBytes) => {
  const { transfers } = playClient({
    client: client(16, 'acknowledge'),
    server: 'foresend-window-2',
    sizeBytes,
    seed: 7,
  })
  expect(diagnose(mainOf(transfers)!).causes).toEqual([])
})

test.each<[fault: 'ack-loss' | 'data-loss']>([['ack-loss'], ['data-loss']])(
  'its %s is no loss of the other direction',
  (fault) => {
    const { transfers } = playClient({
      client: client(8, 'ignore'),
      server: 'tftp-hpa-6.0',
      sizeBytes: 1_500_000,
      seed: 7,
      faults: (rng) => FAULTS[fault](rng, 0.08),
    })
    const [first, second] = diagnose(mainOf(transfers)!).causes
    expect(first.id).toBe(fault)
    expect(second?.confidence ?? 0).toBeLessThan(first.confidence)
  },
)
