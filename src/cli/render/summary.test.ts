import { expect, test } from 'vitest'
import type { ServerStats } from '../../server/contract.ts'
import { NO_STATS } from '../../server/network-stats.ts'
import { soFar, summaryLine } from './summary.ts'

const none: ServerStats = {
  since: 0,
  transfers: { running: 0, requested: 0, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 0 },
  writes: { requested: 0, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 0 },
  bytes: { read: 0, written: 0 },
  network: NO_STATS,
}

test('nothing happened: no line', () => {
  expect(summaryLine(none)).toBe('')
})

test('what happened, numbers and all', () => {
  const stats = {
    ...none,
    transfers: { ...none.transfers, completed: 2, failed: 1 },
    bytes: { read: 7_750_000, written: 0 },
    network: { ...none.network, ignored: 1, repeated: 3, sendErrors: { EPERM: 12 } },
  }
  expect(summaryLine(stats)).toBe(
    '2 transfers completed (7.75 MB), 1 failed, 3 requests came again, 1 datagram was no request, 12 datagrams could not be sent (EPERM)',
  )
})

test('of a server that runs, a transfer that has not ended was asked for', () => {
  expect(soFar(none, 0)).toBe('nothing was asked for yet')
  expect(soFar(none, 1)).toBe('no transfer has ended yet')
  const stats = { ...none, transfers: { ...none.transfers, failed: 1 } }
  expect(soFar(stats, 1)).toBe('so far: 1 failed')
})
